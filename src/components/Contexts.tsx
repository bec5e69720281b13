import type { DashProps } from '../dash/component';
import { useContexts } from '../dash/useContexts';

interface Props extends DashProps {
    /** The names of all contexts, the Input of a callback: a list of strings, without those of channels and windows; None until the page has been connected. Set by the library: do not write to it. */
    names?: any;

    /** Keys to set, the Output of a callback: a dict with "name" (of the context), "data" (a dict, of which None removes a key) and perhaps "ifVersion"; or a list of such dicts. The other keys stay; a context that does not exist is made. With "ifVersion" it is written only if the context still has that "version", as a Context tells it; 0 where there must be none yet. Each value that is written is carried out once. */
    update?: any;

    /** A new value, the Output of a callback: a dict with "name", "data" (a dict that replaces all) and perhaps "ifVersion"; or a list of such dicts. */
    set?: any;

    /** What to set below the top level, the Output of a callback: a dict with "name", "path" (such as "prices.EURUSD"; of a list "rows.0"), "data" (any value; None removes what is there) and perhaps "ifVersion"; or a list of such dicts. */
    setPath?: any;

    /** Several such paths at once, the Output of a callback: a dict with "name", "paths" (a list of dicts with "path" and "value") and perhaps "ifVersion"; or a list of such dicts. Subscribers get one change for all paths. */
    setPaths?: any;

    /** A context to end, the Output of a callback: a dict with "name" and perhaps "ifVersion"; or a list of such dicts. */
    destroy?: any;

    /** Why what was written last was not carried out: a dict with "message", "operation" (the prop), "name" (of the context) and "type": "ContextConflict" where the context has another version than "ifVersion", else "ContextError"; "sequence" makes each problem another one. None once something that was written later is carried out. Set by the library: do not write to it. */
    error?: any;
}

/** Writes to contexts of any name, and knows which there are. Shows nothing. What one callback writes to several props is carried out in the order destroy, set, update, setPath, setPaths. */
const Contexts = (props: Props) => {
    useContexts(props);
    return null;
};

export default Contexts;
