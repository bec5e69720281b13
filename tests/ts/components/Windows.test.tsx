// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_TIMEOUT_MS } from '../../../src/client/deadlines';
import { InteropClient } from '../../../src/client/interop-client';
import { LibraryContexts } from '../../../src/client/library-contexts';
import Windows from '../../../src/components/Windows';
import { FakeDashPage } from '../support/fake-dash-page';
import { FakeGateway } from '../support/fake-interop';
import { FakeLibraryPage } from '../support/fake-library-contexts';
import { FakeBrowser } from '../support/fake-windows';

let client: InteropClient;
let page: FakeDashPage;
let browser: FakeBrowser;
/** With the contexts of its library. */
let library: FakeLibraryPage;
let warnings: string[];
/** Components remember by id what they have seen: each test has its own. */
let id: string;
let tests = 0;

/** What the context of a window is called. */
const OWN = '___window___g42-abcdefghij';

beforeEach(() => {
    vi.useFakeTimers();
    warnings = [];
    vi.spyOn(console, 'warn').mockImplementation((message) => warnings.push(message));
    tests += 1;
    id = `windows-${tests}`;
    browser = new FakeBrowser();
    library = new FakeLibraryPage();
    page = new FakeDashPage({ Windows });
});

afterEach(() => {
    page.close();
    for (const each of browser.windows) {
        each.close();
    }
    window.dispatchEvent(new Event('focus'));
    window.name = '';
    vi.useRealTimers();
    vi.restoreAllMocks();
});

async function show(props: Record<string, any> = {}): Promise<HTMLElement> {
    const own = new FakeGateway().connect({ application: 'own' });
    const contexts = new LibraryContexts(library);
    client = new InteropClient(own, undefined, undefined, undefined, contexts);
    page.add('Windows', { id, ...props });
    return page.show(client);
}

/** What callbacks got as `prop`, in order. */
function given(prop: string): any[] {
    return page.store.updates.filter(({ props }) => prop in props).map(({ props }) => props[prop]);
}

describe('open', () => {
    test('opens each value that is written once, and those of lists', async () => {
        const container = await show();
        expect(container.innerHTML).toBe('');
        await page.write(
            id,
            { open: { name: 'One', url: '/' } },
            { open: { name: 'Two', url: '/two' } },
            { open: [{ name: 'Three', url: '/' }] },
        );
        await page.renderAgain();
        expect(given('opened')).toMatchObject([
            { name: 'One', url: 'http://localhost:3000/', sequence: 1 },
            { name: 'Two', url: 'http://localhost:3000/two', sequence: 2 },
            { name: 'Three', sequence: 3 },
        ]);
        expect(browser.windows.map(({ name }) => name)).toEqual(
            given('opened').map((one) => one.id),
        );
    });

    test('opens the window in the turn in which it is written', async () => {
        await show();
        const opening = page.write(id, { open: { name: 'One', url: '/' } });
        expect(browser.windows).toHaveLength(1);
        await opening;
    });

    test('tells what is wrong, once for each, and None when the next one is open', async () => {
        await show();
        await page.write(id, {
            open: [
                { name: 'One', url: '/' },
                { name: 'One', url: '/' },
            ],
        });
        await page.write(id, { open: { name: 'Two', adress: '/' } });
        await page.write(id, { open: 'Three' });
        expect(given('error').map(({ message, operation }) => [operation, message])).toEqual([
            ['open', expect.stringContaining('The name "One" is in use')],
            ['open', 'open has an unknown key "adress": known are "name", "url", "options"'],
            ['open', 'open has to be a dict, not "Three"'],
        ]);
        await page.write(id, { open: { name: 'Two', url: '/' } });
        expect(given('error')[3]).toBeNull();
        expect(warnings.join()).toContain('The name "One" is in use');
    });

    test('works where no connection comes, but for the context', async () => {
        page.add('Windows', { id, open: { name: 'One', url: '/', options: { context: {} } } });
        await page.show();
        await page.settle(DEFAULT_TIMEOUT_MS);
        expect(given('opened')).toHaveLength(1);
        expect(given('error')[0].message).toContain('there is no connection');
    });
});

describe('windows', () => {
    test('are closed and brought to the front by name or id', async () => {
        await show();
        await page.write(id, {
            open: [
                { name: 'One', url: '/' },
                { name: 'Two', url: '/' },
            ],
        });
        const [one, two] = given('opened');
        await page.write(id, { focus: { name: 'Two' } });
        expect(browser.windows[1].isInFront).toBe(true);
        await page.write(id, { close: [{ id: one.id }, { name: 'Two' }] });
        await page.settle();
        expect(given('closed').map((each) => each.id)).toEqual([one.id, two.id]);
    });

    test.each([
        [{}, 'close needs the name or the id of a window, one of them'],
        [{ name: 'One', id: 'x' }, 'one of them'],
        [{ name: 'Oen' }, 'no open window with the name "Oen"; open are: "One"'],
        ['One', 'close has to be a dict, not "One"'],
    ])('that are %j are an error', async (close, said) => {
        await show();
        await page.write(id, { open: { name: 'One', url: '/' } });
        await page.write(id, { close });
        expect(given('error')[0]).toMatchObject({ operation: 'close' });
        expect(given('error')[0].message).toContain(said);
    });

    test('tell of their focus', async () => {
        await show();
        await page.write(id, { open: { name: 'One', url: '/' } });
        browser.windows[0].says('focus');
        await page.settle();
        expect(given('focused')).toMatchObject([{ name: 'One', sequence: 2 }]);
    });

    test('stay when the component goes, and it hears no more of them', async () => {
        await show();
        await page.write(id, { open: { name: 'One', url: '/' } });
        await page.remove(id);
        browser.windows[0].close();
        await page.settle(1_000);
        expect(given('closed')).toEqual([]);
        expect(client.windows.list()).toEqual([]);
    });
});

describe('the context of the own window', () => {
    test('is a state: what is there, and its changes', async () => {
        window.name = 'g42-abcdefghij';
        await show();
        expect(given('context')).toEqual([]);
        await page.when(async () => library.write(OWN, { client: 5 }));
        await page.when(async () => library.write(OWN, { client: 6 }));
        expect(given('context')).toEqual([{ client: 5 }, { client: 6 }]);
        await page.write(id, { context: { client: 7 } });
        expect(page.store.props(id).context).toEqual({ client: 6 });
        expect(warnings.join()).toContain('its context property is set by the library');
    });
});
