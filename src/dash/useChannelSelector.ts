/** A ChannelSelector: what it shows, and how its user and callbacks choose. */

import { useEffect, useSyncExternalStore } from 'react';
import { ChannelChoice, type ChannelView } from './channel-choice';
import { type DashProps, stringId, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import { useInterop } from './interop-context';

interface Props extends DashProps {
    value?: unknown;
}

export interface Selector {
    /** The ID as an element of the page has it. */
    id: string | undefined;
    view: ChannelView;
    /** Moves the page to these channels. */
    choose: (names: string[]) => void;
}

export function useChannelSelector(props: Props): Selector {
    const component = useDashComponent('ChannelSelector', props);
    const interop = useInterop();
    const { id, value } = props;
    const make = () =>
        new ChannelChoice(component, new Diagnostics('ChannelSelector', component, id));
    const choice = component.part('choice', make);
    useEffect(() => {
        choice.update(interop);
        choice.take(value);
    }, [choice, interop, value]);
    const view = useSyncExternalStore(choice.subscribe, choice.view);
    return {
        id: stringId(id),
        view,
        choose: (names) => choice.choose(view.isMulti ? names : (names[0] ?? null)),
    };
}
