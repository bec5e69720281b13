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
        onClick: (event: React.MouseEvent<HTMLElement>) => void;
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
    const reactions: Reactions = {
        open,
        close: () => setOpen(false),
        choose: () => choose(active),
        move: (by) => setActive(moved(active, by, names.length)),
        type: (text, now) => {
            const found = typing.find(text, now, names, isOpen ? active : first);
            open();
            setActive(found < 0 ? active : found);
        },
    };
    const onKeyDown = (event: React.KeyboardEvent) => {
        const action = actionOf(event, isOpen);
        if (action) {
            event.preventDefault();
            // What an Escape closes is the list, and not the dialog that the button may be in.
            event.stopPropagation();
            react(reactions, action, event.timeStamp);
        }
    };
    return {
        isOpen,
        active,
        onButton: {
            onClick: (event) => {
                // Some browsers do not focus a button that is clicked.
                event.currentTarget.focus();
                return isOpen ? setOpen(false) : open();
            },
            onKeyDown,
            onBlur: () => setOpen(false),
        },
        onOption: (index) => ({
            onMouseEnter: () => setActive(index),
            onClick: () => choose(index),
        }),
    };
}

interface Reactions {
    open: () => void;
    close: () => void;
    choose: () => void;
    move: (by: number) => void;
    type: (text: string, now: number) => void;
}

function react(reactions: Reactions, action: Action, now: number): void {
    if (action.do === 'move') {
        reactions.move(action.by);
    } else if (action.do === 'type') {
        reactions.type(action.text, now);
    } else {
        reactions[action.do]();
    }
}
