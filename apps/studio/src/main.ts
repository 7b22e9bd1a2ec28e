document.title = "Verso Studio";
