/** For tests with React 18, which stands under another name: what asks for `react` by `require` is given that. */
import Module from "node:module";

const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) =>
  resolve(request.replace(/^react(?=\/|$)/, "react-18"), ...rest);
