/** A button that opens a list of choices, and keeps the focus while the list is open. */

import type React from 'react';
import { useState } from 'react';
import { type Action, actionOf, moved, Typing } from './list-keys';

interface Choosing {
    /** The choices, as people read them. */
    names: readonly string[];
    /** The place of the choice at which the list opens. */
    first: number;
    /** Called with the place of a choice; returns whether the list stays open. */
    onChoose: (index: number) => boolean;
}

export interface OpenList {
    isOpen: boolean;
    /** The place of the choice that the keys are at. */
    active: number;
    /** What the button reacts to. */
    onButton: {
        onClick: () => void;
        onKeyDown: (event: React.KeyboardEvent) => void;
        onBlur: () => void;
    };
    /** What a choice reacts to. */
    onOption: (index: number) => { onMouseEnter: () => void; onClick: () => void };
}

export function useList({ names, first, onChoose }: Choosing): OpenList {
    const [isOpen, setOpen] = useState(false);
    const [place, setActive] = useState(0);
    const [typing] = useState(() => new Typing());
    const active = Math.min(place, names.length - 1);
    const open = () => {
        setActive(first);
        setOpen(true);
    };
    const choose = (index: number) => setOpen(onChoose(index));
    const type = (text: string, now: number) => {
        const found = typing.find(text, now, names, isOpen ? active : first);
        open();
        setActive(found < 0 ? active : found);
    };
    const act = (action: Action, now: number) => {
        switch (action.do) {
            case 'open':
                return open();
            case 'close':
                return setOpen(false);
            case 'choose':
                return choose(active);
            case 'move':
                return setActive(moved(active, action.by, names.length));
            case 'type':
                return type(action.text, now);
        }
    };
    const onKeyDown = (event: React.KeyboardEvent) => {
        const action = actionOf(event, isOpen);
        if (action) {
            event.preventDefault();
            act(action, event.timeStamp);
        }
    };
    return {
        isOpen,
        active,
        onButton: {
            onClick: () => (isOpen ? setOpen(false) : open()),
            onKeyDown,
            onBlur: () => setOpen(false),
        },
        onOption: (index) => ({
            onMouseEnter: () => setActive(index),
            onClick: () => choose(index),
        }),
    };
}
