// @vitest-environment jsdom

import { act, fireEvent } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ContextChannels } from '../../../src/client/context-channels';
import { InteropClient } from '../../../src/client/interop-client';
import ChannelSelector from '../../../src/components/ChannelSelector';
import { NO_ROOT } from '../../../src/dash/interop-context';
import { FakeContextGateway, type FakeContexts } from '../support/fake-contexts';
import { FakeDashPage } from '../support/fake-dash-page';
import { FakeGateway } from '../support/fake-interop';

let contexts: FakeContexts;
let client: InteropClient;
let others: ContextChannels;
let page: FakeDashPage;
let container: HTMLElement;
let warnings: string[];
/** Components remember by id what they have seen: each test has its own. */
let id: string;
let tests = 0;

beforeEach(() => {
    vi.useFakeTimers();
    warnings = [];
    vi.spyOn(console, 'warn').mockImplementation((message) => warnings.push(message));
    vi.spyOn(console, 'error').mockImplementation(() => {});
    vi.stubGlobal('fetch', async () => Response.json({}));
    tests += 1;
    id = `selector-${tests}`;
    const gateway = new FakeContextGateway();
    for (const name of ['Red', 'Green', 'Blue']) {
        gateway.addChannel(name);
    }
    contexts = gateway.connect('me');
    others = new ContextChannels(gateway.connect('other'));
    const io = new FakeGateway().connect({ application: 'own' });
    client = new InteropClient(io, undefined, undefined, undefined, contexts);
    page = new FakeDashPage({ ChannelSelector });
});

afterEach(() => {
    page.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
});

async function show(props: Record<string, any> = {}): Promise<void> {
    page.add('ChannelSelector', { id, ...props });
    container = await page.show(client);
}

/** What was given as `value`, in order. */
function values(): unknown[] {
    return page.store.updates
        .filter(({ props }) => 'value' in props)
        .map(({ props }) => props.value);
}

function button(): HTMLButtonElement {
    return container.querySelector('button') as HTMLButtonElement;
}

function options(): HTMLElement[] {
    return [...container.querySelectorAll<HTMLElement>('[role=option]')];
}

/** The choices of the list, as `Red` or, where it is chosen, `Red ✓`. */
function choices(): string[] {
    return options().map(({ textContent }) => (textContent ?? '').replace('✓', ' ✓'));
}

/** The choice that the keys are at. */
function active(): string | null | undefined {
    const at = button().getAttribute('aria-activedescendant');
    return at === null ? null : options().find((option) => option.id === at)?.textContent;
}

async function press(...keys: string[]): Promise<void> {
    for (const key of keys) {
        act(() => {
            fireEvent.keyDown(button(), { key });
        });
        await page.settle();
    }
}

async function click(element: HTMLElement): Promise<void> {
    act(() => {
        fireEvent.click(element);
    });
    await page.settle();
}

async function choose(name: string): Promise<void> {
    const option = options().find(({ textContent }) => textContent?.startsWith(name));
    await click(option as HTMLElement);
}

describe('what is shown', () => {
    test('is the channel that the page is on, with its color', async () => {
        await show({ className: 'mine', style: { width: 300 } });
        const box = container.firstElementChild as HTMLElement;
        expect([box.id, box.className, box.style.width]).toEqual([id, 'channel-box mine', '300px']);
        expect(button().textContent).toBe('No channel');
        await page.when(() => client.channels.join('Red'));
        expect(button().textContent).toBe('Red');
        const swatch = button().querySelector<HTMLElement>('.channel-box-swatch');
        expect(swatch?.style.backgroundColor).toBe('red');
    });

    test('waits for the connection', async () => {
        page.add('ChannelSelector', { id });
        container = await page.show();
        expect(button().disabled).toBe(true);
        await page.reconnect(client);
        expect(button().disabled).toBe(false);
    });

    test('has the words of the app', async () => {
        await show({ label: 'Color', noChannel: 'None' });
        expect(button().getAttribute('aria-label')).toBe('Color');
        expect(button().textContent).toBe('None');
        await click(button());
        expect(choices()[0]).toBe('None ✓');
    });

    test('follows the channels that there are', async () => {
        await show();
        await click(button());
        expect(choices()).toEqual(['No channel ✓', 'Red', 'Green', 'Blue']);
        await page.when(async () => {
            await others.add({ name: 'Gold', meta: { color: 'gold' } });
            await others.remove('Green');
        });
        expect(choices()).toEqual(['No channel ✓', 'Red', 'Blue', 'Gold']);
    });

    test('are those that the app names, in its order', async () => {
        await show({ channels: ['Blue', 'Gold', 'Red'] });
        await page.when(() => client.channels.join('Green'));
        await click(button());
        expect(choices()).toEqual(['No channel', 'Blue', 'Red']);
        expect(button().textContent).toBe('Green');
    });

    test('brings its rules along, once', async () => {
        page.add('ChannelSelector', { id: `${id}-other` });
        await show();
        const styles = [...document.querySelectorAll('style')];
        const own = styles.filter(({ textContent }) => textContent?.includes('channel-box'));
        expect(own).toHaveLength(1);
    });
});

describe('choosing', () => {
    test('moves the page to a channel, and off it', async () => {
        await show();
        await click(button());
        await choose('Green');
        expect(client.channels.my()).toEqual(['Green']);
        expect(options()).toEqual([]);
        await click(button());
        expect(choices()).toEqual(['No channel', 'Red', 'Green ✓', 'Blue']);
        await choose('No channel');
        expect(client.channels.my()).toEqual([]);
        expect(values()).toEqual(['Green', null]);
    });

    test('of several keeps the list open in multi mode', async () => {
        client.channels.setMode('multi');
        await show();
        await click(button());
        expect(
            container.querySelector('[role=listbox]')?.getAttribute('aria-multiselectable'),
        ).toBe('true');
        await choose('Blue');
        await choose('Red');
        expect(choices()).toEqual(['No channel', 'Red ✓', 'Green', 'Blue ✓']);
        expect(button().textContent).toBe('Blue, Red');
        await choose('Blue');
        expect(client.channels.my()).toEqual(['Red']);
        await choose('No channel');
        expect(options()).toEqual([]);
        expect(values()).toEqual([[], ['Blue'], ['Blue', 'Red'], ['Red'], []]);
    });

    test('works by keys', async () => {
        await show();
        await press('ArrowDown');
        expect(button().getAttribute('aria-expanded')).toBe('true');
        expect(active()).toContain('No channel');
        await press('ArrowDown', 'ArrowDown');
        expect(active()).toBe('Green');
        expect(client.channels.my()).toEqual([]);
        await press('Enter');
        expect(client.channels.my()).toEqual(['Green']);
        await press('Enter');
        expect(active()).toContain('Green');
        await press('End', 'Escape');
        expect(active()).toBeNull();
        await press('r', ' ');
        expect(client.channels.my()).toEqual(['Red']);
        await press('x');
        expect(active()).toContain('Red');
    });

    test('ends when the focus goes elsewhere, and stays while the list is used', async () => {
        await show();
        await click(button());
        const list = container.querySelector('[role=listbox]') as HTMLElement;
        expect(fireEvent.mouseDown(list)).toBe(false);
        act(() => {
            fireEvent.blur(button());
        });
        expect(options()).toEqual([]);
    });

    test('gives the button the focus, and keeps its keys from what is around it', async () => {
        await show();
        await click(button());
        expect(document.activeElement).toBe(button());
        const outside = vi.fn();
        document.addEventListener('keydown', outside);
        await press('Escape');
        expect(options()).toEqual([]);
        await press('Escape');
        expect(outside).toHaveBeenCalledTimes(1);
    });

    test('by a click on the button again changes nothing', async () => {
        await show();
        await click(button());
        act(() => {
            fireEvent.mouseEnter(options()[2]);
        });
        expect(active()).toBe('Green');
        await click(button());
        expect(options()).toEqual([]);
        expect(client.channels.my()).toEqual([]);
    });
});

describe('value', () => {
    test('of the layout is joined when the page is connected', async () => {
        page.add('ChannelSelector', { id, value: 'Red' });
        container = await page.show();
        await page.reconnect(client);
        expect(client.channels.my()).toEqual(['Red']);
        expect(button().textContent).toBe('Red');
    });

    test('that is None in the layout leaves the page where it is', async () => {
        await client.channels.join('Red');
        await show({ value: null });
        expect(client.channels.my()).toEqual(['Red']);
        expect(values()).toEqual(['Red']);
    });

    test('moves the page when a callback writes it', async () => {
        await show();
        await page.write(id, { value: 'Red' });
        expect(client.channels.my()).toEqual(['Red']);
        await page.write(id, { value: 'Green' });
        expect(client.channels.my()).toEqual(['Green']);
        await page.write(id, { value: null });
        expect(client.channels.my()).toEqual([]);
        await page.write(id, { value: 'Blue' });
        await page.write(id, { value: '' });
        expect(client.channels.my()).toEqual([]);
        expect(page.store.props(id).value).toBeNull();
    });

    test('follows whoever else moves the page', async () => {
        page.add('ChannelSelector', { id: `${id}-other` });
        await show();
        await page.write(id, { value: 'Red' });
        expect(page.store.props(`${id}-other`).value).toBe('Red');
        await page.when(() => client.channels.join('Green'));
        expect(page.store.props(id).value).toBe('Green');
        expect(values().filter((value) => value === 'Green')).toHaveLength(2);
    });

    test('of the layout is the first that is told in multi mode', async () => {
        client.channels.setMode('multi');
        page.add('ChannelSelector', { id, value: ['Red'] });
        container = await page.show();
        await page.reconnect(client);
        expect(client.channels.my()).toEqual(['Red']);
        expect(values()).toEqual([['Red']]);
    });

    test('is a list in multi mode, and what is not in it is left', async () => {
        client.channels.setMode('multi');
        await show({ value: ['Red', 'Green'] });
        expect(client.channels.my()).toEqual(['Red', 'Green']);
        await page.write(id, { value: ['Blue', 'Green'] });
        expect(client.channels.my()).toEqual(['Green', 'Blue']);
        await page.write(id, { value: [] });
        expect(client.channels.my()).toEqual([]);
    });

    test('comes back when a layout brings the component without it', async () => {
        await show({ value: 'Red' });
        await page.replace('ChannelSelector', { id });
        expect(client.channels.my()).toEqual(['Red']);
        expect(page.store.props(id).value).toBe('Red');
    });

    test.each([
        ['Rde', 'There is no channel "Rde": did you mean "Red"?'],
        [7, 'The name of a channel is a non-empty string, not 7'],
        [['Red', 'Blue'], 'value has 2 channels, but the page can be on one: the mode is "single"'],
    ])('%j is refused, and the page stays where it was', async (value, message) => {
        await show({ value: 'Green' });
        await page.write(id, { value });
        expect(page.store.props(id).error).toEqual({ message: expect.stringContaining(message) });
        expect(warnings).toEqual([expect.stringContaining(message)]);
        expect(page.store.props(id).value).toBe('Green');
        await page.write(id, { value: 'Blue' });
        expect(page.store.props(id).error).toBeNull();
    });

    test('is told that there is no root', async () => {
        page.add('ChannelSelector', { id });
        container = await page.show(NO_ROOT);
        expect(page.store.props(id).error.message).toBe(NO_ROOT);
        expect(button().disabled).toBe(true);
    });
});
