/** The machine or the state of the lab does not allow it, and people can mend that; the message is the sentence to print. */
export class LabRefusal extends Error {}
