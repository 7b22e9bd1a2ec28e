/** How the page of the API looks, by light and in the dark. */
export const apiPageStyle = `
:root {
  color-scheme: light dark;
  --ground: #fff; --raised: #f6f7f9; --text: #1c2024; --quiet: #5b6570; --line: #dfe3e8; --link: #0b5cad;
  --get: #0b5cad; --post: #1a7044; --delete: #b3261e; --other: #8a5300;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --raised: #1d2125; --text: #e6e9ec; --quiet: #9ba5af; --line: #333a41; --link: #7db8f5;
    --get: #7db8f5; --post: #6fcf97; --delete: #ff8a80; --other: #f0b45c;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover, p a { text-decoration: underline; }
code, pre { font: 0.875em/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
pre { margin: 0.5rem 0; padding: 0.75rem 1rem; overflow-x: auto; background: var(--raised); border-radius: 6px; }
nav { padding: 1rem 1.25rem; border-bottom: 1px solid var(--line); font-size: 0.875rem; }
nav .title { margin: 0; font-weight: 600; font-size: 1rem; }
nav h2 { margin: 1rem 0 0.25rem; font-size: 0.875rem; }
nav ul { margin: 0; padding: 0; list-style: none; }
nav li { padding: 0.125rem 0; }
main { max-width: 60rem; padding: 1rem 1.25rem 4rem; }
@media (min-width: 64rem) {
  body { display: grid; grid-template-columns: 18rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border: 0; border-right: 1px solid var(--line); }
  main { padding: 2rem 3rem 6rem; }
}
h1 { margin: 0 0 1rem; font-size: 1.75rem; line-height: 1.25; }
h1 small { display: block; color: var(--quiet); font-size: 1rem; font-weight: 400; }
.group { margin-top: 3rem; }
.group > h2 { margin: 0; padding-bottom: 0.25rem; border-bottom: 1px solid var(--line); font-size: 1.375rem; }
article, .schema { margin-top: 2rem; padding-top: 0.25rem; }
h3 { margin: 0 0 0.25rem; font-size: 1.125rem; }
h4 { margin: 1rem 0 0.25rem; font-size: 0.9375rem; }
p { margin: 0.5rem 0; }
.route { padding: 0.5rem 0.75rem; overflow-wrap: anywhere; background: var(--raised); border-radius: 6px; }
.method { color: var(--other); font-weight: 700; font-size: 0.875rem; }
.method-get { color: var(--get); } .method-post { color: var(--post); } .method-delete { color: var(--delete); }
.access, .limits, .optional { color: var(--quiet); }
.access { font-size: 0.9375rem; }
.limits, .optional, .required, .type { font-size: 0.875rem; }
.required { color: var(--other); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; }
th, td { padding: 0.375rem 1rem 0.375rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td:first-child code { white-space: nowrap; }
th { color: var(--quiet); font-weight: 500; }
dl { margin: 0; }
dt { margin-top: 0.5rem; }
dd { margin: 0 0 0 1.25rem; font-size: 0.9375rem; }
.answers dt { float: left; width: 3rem; margin: 0; font-weight: 600; }
.answers dd { margin: 0 0 0.375rem 3rem; }
.content { margin: 0.125rem 0; }
.members .members { margin-left: 0.25rem; padding-left: 0.75rem; border-left: 2px solid var(--line); }
details { margin-top: 0.75rem; }
summary { color: var(--quiet); font-size: 0.9375rem; cursor: pointer; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
`;
