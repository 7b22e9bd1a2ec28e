/** What can go wrong for a caller of this client: the package has one error for both. */
export { ClientError, type ClientErrorCode } from "../errors.js";
