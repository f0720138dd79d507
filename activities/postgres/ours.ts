/** Name in our own statements by which they are left out of the service's: the server keeps names, and of comments those it saw first. */
export const OURS = 'tminus_looks';
