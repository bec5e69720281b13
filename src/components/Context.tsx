import type { DashProps } from '../dash/component';
import { useSharedContext } from '../dash/useSharedContext';

interface Props extends DashProps {
    /** The name of the context; without it the id is the name. Needed where the id is a dict, or the name has a character that an id cannot have, such as ".". Names that begin with "___" are those of channels and windows. */
    contextName?: string;

    /** The last change of the context, the Input of a callback: a dict with "data" (the value, a dict), "delta" (what was set, by its top-level key; None for a key that was removed), "removed" (the top-level keys that are gone), "extraData", "version", "destroyed" and "sequence"; None until there is a context. The first one is the value that is there, with an empty delta. "extraData" has "updaterId" (the peerId of the writer; None where it is not known) and "isMyUpdate", also called "isMineUpdate": whether this page wrote it. "version" grows with every write and is what ifVersion of a Contexts compares; None on a gateway that does not count. "destroyed" is True where the context is gone; "data" is empty and "version" 0 then, and should it be made anew, that is a first one again. A write of equal values is no change. After an outage that hid some changes, they come as one. Set by the library: do not write to it. */
    context?: any;

    /** Keys to set, the Output of a callback: a dict, of which None removes a key. The other keys stay. Makes the context where there is none. Keys cannot have a ".": what is on a deeper level is set by setPath of a Contexts. Each value that is written is carried out once. */
    update?: object;

    /** The new value, the Output of a callback: a dict that replaces all that was there. Makes the context where there is none. */
    set?: object;

    /** How changes come to callbacks. "every" hands over each change, one after the other (should more than 10,000 wait, the oldest are merged). "latest" hands over the newest once the callback before has ended, with the deltas of those that it replaced merged into its own, and "replaced", their number: for a context that changes faster than callbacks run. */
    delivery?: 'every' | 'latest';

    /** What is wrong: a dict with a "message"; None while all is well. Where a write was not carried out it also has "operation" ("update" or "set"), "name" (of the context), "type" and "sequence". Set by the library: do not write to it. */
    error?: any;
}

/** One context: a named dict that all apps and processes of a user share. Callbacks get its changes, and write to it. Shows nothing. As long as it is in the layout it is subscribed, also while the context does not exist, is destroyed and made anew, or the gateway is away. */
const Context = ({ delivery = 'every', ...rest }: Props) => {
    useSharedContext({ delivery, ...rest });
    return null;
};

export default Context;
