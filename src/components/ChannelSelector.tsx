import React from 'react';
import type { DashProps } from '../dash/component';
import { useChannelSelector } from '../dash/useChannelSelector';
import { ChannelBox } from '../ui/channel-box';

interface Props extends DashProps {
    /** The channel that the page is on, its name; None where it is on none. In multi mode a list of names, in the order of joining. As Input it tells callbacks whenever the page is on another channel, whoever has changed that; as Output it moves the page. None or "" leaves the channel, a list in multi mode leaves those that are not in it. A name in the layout is joined when the page is connected. */
    value?: any;

    /** The channels to choose from, a list of names; without it all that there are. */
    channels?: string[];

    /** The accessible name, which says what it is to those who cannot see it: "Channel" by default. */
    label?: string;

    /** The words for being on no channel: "No channel" by default. */
    noChannel?: string;

    /** What is wrong with the last choice or value, such as a channel that there is not: a dict with a "message"; None while all is well. Set by the library: do not write to it. */
    error?: {
        /** What is wrong, in words. */
        message: string;
    };

    /** Class names of the element, for the stylesheets of the app. The parts of it have the classes channel-box-button, channel-box-swatch, channel-box-list and channel-box-option. */
    className?: string;

    /** CSS of the element, in place of what it brings along. */
    style?: object;

    /** Whether the browser remembers the channel, so that the page joins it again when it is loaded again: True, or a text or number; while that is the same, the channel is remembered. */
    persistence?: boolean | string | number;

    /** What is remembered: "value" is all there is. */
    persisted_props?: string[];

    /** Where it is remembered: "memory" until the page is loaded again, "session" until the tab is closed, "local" (the default) for as long as the browser keeps it. */
    persistence_type?: 'local' | 'session' | 'memory';
}

/** Shows which channel the page is on, in its color, and lets the user choose another one, or none; in multi mode any number of them. It can stand anywhere below a Glue42. It needs no stylesheet, and follows the color-scheme of the page. The mode is that of Channels. */
const ChannelSelector = ({
    label = 'Channel',
    noChannel = 'No channel',
    channels,
    className,
    style,
    ...rest
}: Props) => {
    const { id, view, choose } = useChannelSelector(rest);
    const known = new Map(view.channels.map((channel) => [channel.name, channel]));
    const offered = (channels ?? [...known.keys()]).filter((name) => known.has(name));
    const choice = (name: string) => known.get(name) ?? { name, color: undefined };
    return (
        <ChannelBox
            id={id}
            className={className}
            style={style as React.CSSProperties | undefined}
            label={label}
            noChannel={noChannel}
            choices={offered.map(choice)}
            joined={view.joined.map(choice)}
            isMulti={view.isMulti}
            isDisabled={!view.isReady}
            onChoose={choose}
        />
    );
};

ChannelSelector.dashPersistence = { persisted_props: ['value'], persistence_type: 'local' };

export default ChannelSelector;
