import type { DashProps } from '../dash/component';
import { useChannels } from '../dash/useChannels';

interface Props extends DashProps {
    /** Whether the page is on one channel at most, "single", which is the default, or on any number of them, "multi". It is a property of the page: of several Channels the one that says it last counts. A page that comes back to "single" stays on the channel that it joined last. In a page inside io.Connect or Glue42 the platform decides; another mode is an error there. */
    mode?: 'single' | 'multi';

    /** The channel to join, the Output of a callback: a dict with its "name". In single mode the page leaves the one before. Or a list of such dicts, joined in order. What is written to join, publish and leave is done in the order in which it was written; where one callback writes to several of them, it joins first and leaves last. */
    join?: any;

    /** The channel to leave, the Output of a callback: a dict with its "name", or {} for the one, or all, that the page is on. Or a list of such dicts. */
    leave?: any;

    /** What to publish, the Output of a callback: a dict with "data" (a dict), and optionally the "name" of a channel. Without a name it goes to the channel that the page is on, in multi mode to all of them. Each top-level key of the data is set on the channel, None removes it, other keys stay; a key cannot have a dot. With "fdc3": True the data is an FDC3 context, a dict with a "type". Or a list of such dicts, published in order. Each value written to it is published once; a clientside callback has to write a new object each time. */
    publish?: any;

    /** The channel that the page is on, the Input of a callback that runs when the page has joined it, and once, in order, for each publish on it, those of this page included; one that changes nothing is no news. A dict with "name", "meta" (a dict with at least "color"), "data" (a dict) and "extraData" (a dict with "updaterId", the peerId of who has published last or None, with "isMineUpdate" and "isMyUpdate", whether that was this page, and with "sequence", a number that grows with each change). FDC3 data that was published last is in the key "fdc3" of the data, with its "type". None while the page is on no channel, or its channel was removed. In multi mode a list of such dicts in the order of joining; the one with the greatest sequence has changed. Set by the library: do not write to it. */
    my?: any;

    /** The names of all channels: a list of strings; None until the page has been connected. Set by the library: do not write to it. */
    all?: string[];

    /** All channels: a list of dicts with "name", "meta" and "data" as in my; None until the page has been connected. Its callbacks get the newest list, not each change of it. Set by the library: do not write to it. */
    list?: any[];

    /** What is wrong: a dict with a "message"; None while all is well. Where a value that a callback has written cannot be carried out, such as to join a channel that there is not, or to publish without one, "operation" says which property it was written to, and "name" which channel it is about (None where it names none). The next value that is carried out makes it None again. Set by the library: do not write to it. */
    error?: {
        /** What is wrong, in words. */
        message: string;
        /** The property that was written. */
        operation?: string;
        /** The channel that it is about. */
        name?: string;
    };
}

/** Channels: named, coloured dicts that apps share. Apps on one channel see what the others publish there. Which channels the page is on belongs to the page, so all components in it have the same ones, and stay on them when this one leaves the layout. A page that is loaded again is on none. Shows nothing; see ChannelSelector. */
const Channels = (props: Props) => {
    useChannels(props);
    return null;
};

export default Channels;
