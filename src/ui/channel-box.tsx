/** Shows and changes which channels a page is on: a button that opens a list of them. */

import React, { useEffect, useId, useRef } from 'react';
import { putStyle } from './channel-box-style';
import { BESIDE, useBeside } from './use-beside';
import { type OpenList, useList } from './use-list';

export interface Choice {
    name: string;
    /** As CSS has it. */
    color: string | undefined;
}

/** A choice of the list; no name is no channel. */
interface Entry {
    name?: string;
    color?: string | undefined;
    text: string;
    isSelected: boolean;
}

interface Props {
    id?: string | undefined;
    className?: string | undefined;
    style?: React.CSSProperties | undefined;
    /** What the control is called by those who cannot see it. */
    label: string;
    /** The words for no channel. */
    noChannel: string;
    choices: readonly Choice[];
    /** The channels that the page is on. */
    joined: readonly Choice[];
    isMulti: boolean;
    isDisabled: boolean;
    /** Called with the names of the channels that the page is to be on. */
    onChoose: (names: string[]) => void;
}

export function ChannelBox(props: Props) {
    const { id, className, style, label, noChannel, joined, isMulti, isDisabled } = props;
    const listId = useId();
    useEffect(putStyle, []);
    const entries = entriesOf(props);
    const list = useList({
        names: entries.map(({ text }) => text),
        first: Math.max(
            0,
            entries.findIndex(({ isSelected }) => isSelected),
        ),
        onChoose: (index) => {
            const { name } = entries[index];
            props.onChoose(chosen(name, joined, isMulti));
            return isMulti && name !== undefined;
        },
    });
    const isOpen = list.isOpen && !isDisabled;
    return (
        <div
            id={id}
            className={className ? `channel-box ${className}` : 'channel-box'}
            style={style}
        >
            <button
                type="button"
                role="combobox"
                className="channel-box-button"
                aria-label={label}
                aria-haspopup="listbox"
                aria-expanded={isOpen}
                aria-controls={listId}
                aria-activedescendant={isOpen ? optionId(listId, list.active) : undefined}
                disabled={isDisabled}
                {...list.onButton}
            >
                <Swatches joined={joined} />
                <span className="channel-box-text">
                    {joined.map(({ name }) => name).join(', ') || noChannel}
                </span>
                <Arrow />
            </button>
            {isOpen && <List id={listId} label={label} isMulti={isMulti} {...{ entries, list }} />}
        </div>
    );
}

function entriesOf({ choices, joined, noChannel }: Props): Entry[] {
    const names = joined.map(({ name }) => name);
    return [
        { text: noChannel, isSelected: names.length === 0 },
        ...choices.map((choice) => ({
            ...choice,
            text: choice.name,
            isSelected: names.includes(choice.name),
        })),
    ];
}

/** The channels that the page is to be on when somebody has chosen one, or none. */
function chosen(name: string | undefined, joined: readonly Choice[], isMulti: boolean): string[] {
    if (name === undefined) {
        return [];
    }
    const names = joined.map((each) => each.name);
    if (!isMulti) {
        return [name];
    }
    return names.includes(name) ? names.filter((each) => each !== name) : [...names, name];
}

interface ListProps {
    id: string;
    label: string;
    isMulti: boolean;
    entries: Entry[];
    list: OpenList;
}

function List({ id, label, isMulti, entries, list }: ListProps) {
    const element = useRef<HTMLDivElement>(null);
    useBeside(element);
    useEffect(() => {
        element.current?.children[list.active]?.scrollIntoView?.({ block: 'nearest' });
    }, [list.active]);
    return (
        <div
            ref={element}
            id={id}
            role="listbox"
            tabIndex={-1}
            className="channel-box-list"
            aria-label={label}
            aria-multiselectable={isMulti}
            {...BESIDE}
            // The focus stays on the button.
            onMouseDown={(event) => event.preventDefault()}
        >
            {entries.map((entry, index) => (
                <Option
                    key={entry.name ?? ''}
                    id={optionId(id, index)}
                    entry={entry}
                    isActive={index === list.active}
                    {...list.onOption(index)}
                />
            ))}
        </div>
    );
}

interface OptionProps {
    id: string;
    entry: Entry;
    isActive: boolean;
    onMouseEnter: () => void;
    onClick: () => void;
}

function Option({ id, entry, isActive, ...reactions }: OptionProps) {
    const { name, color, text, isSelected } = entry;
    return (
        <div
            id={id}
            role="option"
            tabIndex={-1}
            className="channel-box-option"
            aria-selected={isSelected}
            data-active={isActive || undefined}
            {...reactions}
        >
            <Swatch color={color} isNone={name === undefined} />
            {text}
            <span className="channel-box-check" aria-hidden="true">
                {isSelected ? '✓' : ''}
            </span>
        </div>
    );
}

function Swatches({ joined }: { joined: readonly Choice[] }) {
    return (
        <span className="channel-box-swatches">
            {joined.length === 0 && <Swatch isNone={true} />}
            {joined.map(({ name, color }) => (
                <Swatch key={name} color={color} />
            ))}
        </span>
    );
}

function Swatch({ color, isNone }: { color?: string | undefined; isNone?: boolean }) {
    return (
        <span
            className="channel-box-swatch"
            data-none={isNone || undefined}
            style={color === undefined ? undefined : { backgroundColor: color }}
            aria-hidden="true"
        />
    );
}

function Arrow() {
    return (
        <svg className="channel-box-arrow" viewBox="0 0 10 10" aria-hidden="true">
            <path d="M1 3l4 4 4-4" fill="none" stroke="currentColor" strokeWidth="1.5" />
        </svg>
    );
}

function optionId(listId: string, index: number): string {
    return `${listId}-${index}`;
}
