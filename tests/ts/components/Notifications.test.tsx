// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_TIMEOUT_MS } from '../../../src/client/deadlines';
import { InteropClient } from '../../../src/client/interop-client';
import Notifications from '../../../src/components/Notifications';
import { NO_ROOT } from '../../../src/dash/interop-context';
import { FakeDashPage } from '../support/fake-dash-page';
import { FakeGateway, type FakePage } from '../support/fake-interop';
import { FakeNotification, installNotification } from '../support/fake-notification';
import { click, titles } from '../support/toasts';

let own: FakePage;
let gateway: FakeGateway;
let client: InteropClient;
let page: FakeDashPage;
let warnings: string[];
let failures: string[];
/** Components remember by id what they have seen: each test has its own. */
let id: string;
let tests = 0;

beforeEach(() => {
    vi.useFakeTimers();
    installNotification('default');
    warnings = [];
    vi.spyOn(console, 'warn').mockImplementation((message) => warnings.push(message));
    failures = [];
    vi.spyOn(console, 'error').mockImplementation((message) => failures.push(message));
    tests += 1;
    id = `notifications-${tests}`;
    gateway = new FakeGateway();
    own = gateway.connect({ application: 'own' });
    client = new InteropClient(own, gateway.registrationOf);
    page = new FakeDashPage({ Notifications });
});

afterEach(async () => {
    for (const title of titles()) {
        click(title as string, '.close');
    }
    page.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
});

async function show(props: Record<string, any> = {}): Promise<HTMLElement> {
    page.add('Notifications', { id, ...props });
    return page.show(client);
}

/** What callbacks got as `prop`, in order. */
function given(prop: string): any[] {
    return page.store.updates.filter(({ props }) => prop in props).map(({ props }) => props[prop]);
}

async function raise(...written: unknown[]): Promise<void> {
    await page.write(id, ...written.map((value) => ({ raise: value })));
}

// The first test of the file, as the place stays.
test('the place of toasts is there, and empty, before the first of them comes', async () => {
    const places = () => [...document.querySelectorAll('[data-dash-interop=toasts]')];
    const before = places();
    await show();
    const [place] = places().filter((each) => !before.includes(each));
    const groups = [...(place.shadowRoot?.querySelectorAll('[role=alert], [role=status]') ?? [])];
    expect(groups.map((group) => group.children.length)).toEqual([0, 0]);
});

describe('raising', () => {
    test('each value that is written is raised once, also several in one turn, and lists', async () => {
        const container = await show();
        expect(container.innerHTML).toBe('');
        await raise({ title: 'One' }, { title: 'Two' }, [{ title: 'Three' }, { title: 'One' }]);
        await page.renderAgain();
        expect(titles()).toEqual(['One', 'Three', 'Two', 'One']);
        expect(given('raised').map(({ settings }) => settings.title)).toEqual([
            'One',
            'Two',
            'Three',
            'One',
        ]);
        expect(new Set(given('raised').map(({ sequence }) => sequence)).size).toBe(4);
    });

    test('what the layout brings is raised when the page is connected', async () => {
        page.add('Notifications', { id, raise: { title: 'One' } });
        await page.show();
        expect(titles()).toEqual([]);
        await page.reconnect(client);
        expect(titles()).toEqual(['One']);
    });

    test('where no connection comes, it is shown all the same', async () => {
        page.add('Notifications', { id });
        await page.show();
        await raise({ title: 'One', clickInterop: { method: 'Show' } });
        await page.settle(DEFAULT_TIMEOUT_MS);
        click('One');
        await page.settle();
        expect(given('error')[0]).toMatchObject({
            message: 'The page was not connected within 30000 ms',
            operation: 'interop',
            type: 'NotConnected',
        });
    });

    test('without a root it says so, and shows the notification', async () => {
        page.add('Notifications', { id, raise: { title: 'One' } });
        await page.show(NO_ROOT);
        expect(titles()).toEqual(['One']);
        expect(failures.join()).toContain(NO_ROOT);
    });

    test('what is wrong goes to error, the others are raised, and the next good one clears it', async () => {
        await show();
        await raise([{ title: 'One' }, { text: 'x' }, { title: 'Two' }]);
        expect(titles()).toEqual(['Two', 'One']);
        expect(given('error')).toEqual([
            {
                message: expect.stringContaining('raise[1] has an unknown key "text"'),
                operation: 'raise',
                sequence: expect.any(Number),
            },
            null,
        ]);
        await raise('x');
        await raise('y');
        expect(
            given('error')
                .slice(2)
                .map(({ message }) => message),
        ).toEqual(['raise has to be a dict, not "x"', 'raise has to be a dict, not "y"']);
    });

    test('equal failures are told one by one', async () => {
        await show();
        await raise([{ body: 'x' }], { body: 'x' }, [{ body: 'x' }]);
        expect(given('error').map(({ message }) => message)).toEqual([
            'raise[0] needs a title, a non-empty string',
            'raise needs a title, a non-empty string',
            'raise[0] needs a title, a non-empty string',
        ]);
    });
});

describe('events', () => {
    test('come in the order in which they happened, each when the callbacks of the one before have ended', async () => {
        page.store.callback({ inputs: [`${id}.raised`], outputs: [] });
        page.store.callback({ inputs: [`${id}.clicked`], outputs: [] });
        await show();
        await raise({ title: 'One', data: { client: 5 } });
        click('One');
        await page.settle();
        expect([given('raised').length, given('clicked').length]).toEqual([1, 0]);
        const finish = async () => {
            const run = page.store.runs[page.store.runs.length - 1];
            await page.when(() => run.finish({}));
        };
        await finish();
        expect([given('clicked').length, given('closed').length]).toEqual([1, 0]);
        await finish();
        const [raised] = given('raised');
        expect(given('clicked')).toEqual([{ ...raised, sequence: raised.sequence + 1 }]);
        expect(given('closed')).toEqual([
            { ...raised, reason: 'click', sequence: raised.sequence + 2 },
        ]);
        expect(raised.data).toEqual({ client: 5 });
    });

    test('and so does what went wrong', async () => {
        page.store.callback({ inputs: [`${id}.raised`], outputs: [] });
        await show();
        await raise([{ title: 'One' }, { body: 'x' }]);
        expect([given('raised').length, given('error').length]).toEqual([1, 0]);
        await page.when(() => page.store.runs[page.store.runs.length - 1].finish({}));
        expect(given('error')).toHaveLength(1);
    });

    test('an action is told with its name, and invokes its method', async () => {
        const answers: unknown[] = [];
        await gateway.offer('other', (args) => answers.push(args), { name: 'Answer' });
        await show();
        const interop = { method: 'Answer', arguments: { is: true } };
        await raise({ title: 'One', actions: [{ action: 'yes', title: 'Yes', interop }] });
        click('One', '.action');
        await page.settle();
        expect(given('action')).toMatchObject([{ action: 'yes', data: null }]);
        expect(answers).toEqual([{ is: true }]);
        expect(given('error')).toEqual([]);
    });

    test('a method that nobody offers is an error with the id of the notification', async () => {
        await show();
        await raise({ title: 'One', clickInterop: { method: 'Show' } });
        click('One');
        await page.settle(30_000);
        const [{ id: raisedId }] = given('raised');
        expect(given('error')).toMatchObject([
            { operation: 'interop', id: raisedId, type: 'MethodNotFound' },
        ]);
        expect(warnings.join()).toContain('No server offers the method Show');
    });

    test('the notifications that are not closed are listed', async () => {
        await show();
        await raise({ title: 'One' }, { title: 'Two' });
        const shown = () => page.store.props(id).active.map(({ settings }: any) => settings.title);
        expect(shown()).toEqual(['One', 'Two']);
        click('One');
        await page.settle();
        expect(shown()).toEqual(['Two']);
        await page.write(id, { active: [] });
        expect(shown()).toEqual(['Two']);
        expect(warnings.join()).toContain('its active property is set by the library');
    });

    test('its notifications outlive it, and invoke what they invoke', async () => {
        const answers: unknown[] = [];
        await gateway.offer('other', (args) => answers.push(args), { name: 'Show' });
        await show();
        await raise({ title: 'One', clickInterop: { method: 'Show' } });
        await page.remove(id);
        click('One');
        await page.settle();
        expect(answers).toHaveLength(1);
        expect(given('clicked')).toEqual([]);
    });
});

describe('display', () => {
    test('"none" hands the notification out, and takes reports of its user', async () => {
        const answers: unknown[] = [];
        await gateway.offer('other', (args) => answers.push(args), { name: 'Show' });
        await show({ display: 'none' });
        await raise({ title: 'One', clickInterop: { method: 'Show' } }, { title: 'Two' });
        expect(titles()).toEqual([]);
        const [one, two] = given('raised');
        await page.write(id, {
            report: [
                { id: one.id, type: 'click' },
                { id: two.id, type: 'close' },
            ],
        });
        expect(answers).toHaveLength(1);
        expect(given('clicked')).toMatchObject([{ id: one.id }]);
        expect(given('closed').map(({ reason }) => reason)).toEqual(['click', 'page']);
    });

    test.each([
        [{ type: 'click' }, 'report needs the id of a notification'],
        [{ id: 'x', type: 'klick' }, 'type cannot be "klick": did you mean "click"?'],
        [{ id: 'x', type: 'action' }, 'report has the name of an action where'],
        [{ id: 'x', type: 'click', action: 'yes' }, 'and only there'],
        [{ id: 'x', type: 'close' }, 'There is no notification "x"'],
        ['x', 'report has to be a dict'],
    ])('the report %j is refused', async (report, said) => {
        await show({ display: 'none' });
        await page.write(id, { report });
        expect(given('error')[0]).toMatchObject({ operation: 'report' });
        expect(given('error')[0].message).toContain(said);
    });

    test('"toast" shows it in the page also where the browser may', async () => {
        installNotification('granted');
        await show({ display: 'toast', toastMs: 400 });
        await raise({ title: 'One' });
        expect([titles(), FakeNotification.shown]).toEqual([['One'], []]);
        await page.settle(400);
        expect(given('closed')).toMatchObject([{ reason: 'timeout' }]);
    });

    test('a wrong display or time is told, and the defaults count', async () => {
        await show({ display: 'tost' });
        expect(given('error')[0].message).toContain(
            'display cannot be "tost": did you mean "toast"?',
        );
        await page.write(id, { display: 'auto', toastMs: -1 });
        expect(given('error')[1].message).toContain('toastMs has to be a positive number');
        await raise({ title: 'One' });
        expect(titles()).toEqual(['One']);
    });
});

describe('permission', () => {
    test('is told with the number of actions when the page is connected, and when it changes', async () => {
        await show();
        expect([given('permission'), given('maxActions')]).toEqual([['default'], [10]]);
        await page.write(id, { requestPermission: 1 });
        expect(given('permission')).toEqual(['default', 'granted']);
        await raise({ title: 'One' });
        expect(FakeNotification.shown).toHaveLength(1);
    });

    test('is asked for once with each new value, and not with None, 0 or False', async () => {
        const ask = vi.spyOn(FakeNotification, 'requestPermission');
        await show();
        for (const value of [null, 0, false, true, 2]) {
            await page.write(id, { requestPermission: value });
        }
        await page.renderAgain();
        expect(ask).toHaveBeenCalledTimes(2);
    });

    test('that is refused is an error in words', async () => {
        installNotification('denied').answer = 'denied';
        vi.stubGlobal('isSecureContext', true);
        await show();
        await page.write(id, { requestPermission: true });
        expect(given('error')).toMatchObject([
            {
                operation: 'requestPermission',
                message: expect.stringContaining('they can be allowed in its settings'),
            },
        ]);
    });
});
