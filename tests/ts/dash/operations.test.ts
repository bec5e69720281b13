import { describe, expect, test, vi } from 'vitest';
import { LatestStatus } from '../../../src/client/status';
import type { DashComponent } from '../../../src/dash/component';
import type { Diagnostics } from '../../../src/dash/diagnostics';
import { Operations, type Progress } from '../../../src/dash/operations';

/** What carries out what is asked for; a text is a page without a connection. */
type Tool = (what: unknown) => Promise<void>;

function begin(needsConnection: boolean) {
    const done: unknown[] = [];
    const progress = { begin: () => 1, succeed: vi.fn(), fail: vi.fn() } satisfies Progress;
    const writers: Record<string, (written: unknown) => void> = {};
    const component = {
        watch: (prop: string, onWrite: (written: unknown) => void) => {
            writers[prop] = onWrite;
        },
    } as unknown as DashComponent;
    const diagnostics = { fail: vi.fn() } as unknown as Diagnostics;
    const operations = new Operations<Tool>(
        component,
        progress,
        new LatestStatus(),
        diagnostics,
        (outcome) =>
            typeof outcome === 'string' && needsConnection
                ? undefined
                : async (what) => {
                      done.push(what);
                  },
    );
    const read = (entry: unknown, what: string) => {
        if (entry === 'wrong') {
            throw new Error(`${what} is wrong`);
        }
        return (tool: Tool) => tool(entry);
    };
    operations.carryOut('write', read, 'mark');
    return { operations, write: writers.write, done, progress };
}

const CONNECTED = {} as any;
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe('operations', () => {
    test('are done in the order in which they were written, also while the connection comes', async () => {
        const { operations, write, done } = begin(true);
        write([1, 2]);
        await settled();
        operations.settle(CONNECTED);
        write(3);
        await settled();
        write(4);
        expect(done).toEqual([1, 2, 3, 4]);
    });

    test('are told as soon as what is written is wrong', () => {
        const { write, progress } = begin(true);
        write([1, 'wrong']);
        const [[place, operation, error]] = progress.fail.mock.calls;
        expect([place, operation, error.message]).toEqual([1, 'write', 'write[1] is wrong']);
    });

    test('fail with the reason for which there is no connection, where they need one', async () => {
        const { operations, write, done, progress } = begin(true);
        write({ name: 'Market' });
        operations.settle('There is no gateway');
        await settled();
        const [[, , error, name]] = progress.fail.mock.calls;
        expect([error.message, name, done]).toEqual(['There is no gateway', 'Market', []]);
        operations.settle(CONNECTED);
        write(2);
        await settled();
        expect(done).toEqual([2]);
    });

    test('are done without a connection where they need none', async () => {
        const { operations, write, done } = begin(false);
        write(1);
        operations.settle('There is no gateway');
        await settled();
        expect(done).toEqual([1]);
    });

    test('end with the component', async () => {
        const { operations, write, done, progress } = begin(true);
        write(1);
        operations.end();
        operations.settle(CONNECTED);
        await settled();
        expect(done).toEqual([]);
        expect(progress.fail).not.toHaveBeenCalled();
    });
});
