/** What a page needs to log in at a gateway. Whoever serves the page knows it. */
export interface Login {
    /** WebSocket URL of the gateway. */
    url: string;
    /** Short-lived proof of who the user is. */
    token: string;
    /** What this page is called, unless its settings say otherwise. */
    application: string;
}

/** Asked anew before each login; rejects with an Error that says why there is no answer. */
export type AskLogin = () => Promise<Login>;
