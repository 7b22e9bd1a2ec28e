api=http://localhost:8080/api/documents
json='content-type: application/json'

curl $api -H "$json" -d '{"id":"plan","content":{"done":[]}}'
curl -X PATCH $api/plan -H 'content-type: application/json-patch+json' \
  -d '[{"op":"add","path":"/done/-","value":"this"}]'
curl $api/plan/changes
curl -X POST $api/plan/undo
