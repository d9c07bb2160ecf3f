/** Thrown by a check that cannot look, for a cause that is no trouble, or is another check's. */
export class LeftOut extends Error {}
