/**
 * A page of Dash: renders the components of a `FakeDashStore` as Dash does, with a new `setProps`
 * for each render and with the hook through which components find the store and their path.
 */

import { act, cleanup, render } from '@testing-library/react';
import React, { createContext, StrictMode, useContext, useRef, useSyncExternalStore } from 'react';
import { vi } from 'vitest';
import { LatestStatus } from '../../../src/client/status';
import { type Interop, InteropContext, StatusContext } from '../../../src/dash/interop-context';
import { FakeDashStore } from './fake-dash-store';

type Path = (string | number)[];

const PathContext = createContext<Path>([]);

export class FakeDashPage {
    readonly store = new FakeDashStore();
    /** What the connection says of itself. */
    readonly status = new LatestStatus();
    private readonly paths = new Map<string, Path>();
    private readonly types: Record<string, React.ComponentType<any>>;
    private rerender: (ui: React.ReactElement) => void = () => {};
    /** How often each component was put into the layout: React mounts it anew each time. */
    private readonly mounts = new Map<string, number>();
    private interop: Interop;

    /** @param types The components by their names. Timers have to be fake already. */
    constructor(types: Record<string, React.ComponentType<any>>) {
        this.types = types;
        (globalThis as any).IS_REACT_ACT_ENVIRONMENT = true;
        window.dash_component_api = {
            useDashContext: () => ({
                componentPath: useContext(PathContext),
                useStore: () => this.store,
            }),
        };
    }

    /** Puts a component into the layout before the page is shown. */
    add(type: string, props: Record<string, any>): void {
        this.paths.set(props.id, this.store.add(type, props));
    }

    /** Shows the page, below a connection, or before there is one. */
    async show(interop?: Interop): Promise<HTMLElement> {
        this.interop = interop;
        const { container, rerender } = render(this.tree());
        this.rerender = rerender;
        await this.settle();
        return container;
    }

    /** Renders everything again, though nothing has changed. */
    async renderAgain(): Promise<void> {
        this.rerender(this.tree());
        await this.settle();
    }

    /** Gives the components another connection. */
    async reconnect(interop: Interop): Promise<void> {
        this.interop = interop;
        await this.renderAgain();
    }

    /** Takes a component out of the layout. */
    async remove(id: string): Promise<void> {
        act(() => this.store.remove(id));
        await this.settle();
    }

    /** Puts a component that was removed back, as a page does that is visited again. */
    async putBack(type: string, props: Record<string, any>): Promise<void> {
        this.paths.set(props.id, this.store.add(type, props));
        await this.renderAgain();
    }

    /** A callback sends a component back in place of the one there is. */
    async replace(type: string, props: Record<string, any>): Promise<void> {
        const { id } = props;
        act(() => {
            this.store.remove(id);
            this.paths.set(id, this.store.add(type, props));
            this.mounts.set(id, (this.mounts.get(id) ?? 0) + 1);
            this.rerender(this.tree());
        });
        await this.settle();
    }

    /**
     * Two components change places; the layout says so before React renders them there.
     *
     * @param meanwhile What else happens before React renders.
     */
    async swap(first: string, second: string, meanwhile: () => void): Promise<void> {
        const paths = [this.paths.get(first), this.paths.get(second)] as Path[];
        act(() => {
            this.store.swapPlaces(first, second);
            meanwhile();
            this.paths.set(first, paths[1]);
            this.paths.set(second, paths[0]);
            this.rerender(this.tree());
        });
        await this.settle();
    }

    /** A callback writes props; several writes in one turn if several are given. */
    async write(id: string, ...writes: Record<string, any>[]): Promise<void> {
        act(() => {
            for (const props of writes) {
                this.store.write(id, props);
            }
        });
        await this.settle();
    }

    /** Runs what is due, and all that follows from it in this moment. */
    async settle(afterMs = 0): Promise<void> {
        await act(() => vi.advanceTimersByTimeAsync(afterMs));
    }

    /** Something happens to a callback; returns when all that follows has happened, too. */
    async when(happens: () => Promise<void>): Promise<void> {
        await act(happens);
        await this.settle();
    }

    close(): void {
        cleanup();
        window.dash_component_api = undefined;
    }

    private tree(): React.ReactElement {
        return (
            <StrictMode>
                <StatusContext.Provider value={this.status}>
                    <InteropContext.Provider value={this.interop}>
                        {[...this.paths].map(([id, path]) => (
                            <Wrapper key={`${id} ${this.mounts.get(id)}`} page={this} path={path} />
                        ))}
                    </InteropContext.Provider>
                </StatusContext.Provider>
            </StrictMode>
        );
    }

    componentOf(type: string): React.ComponentType<any> {
        return this.types[type];
    }
}

function Wrapper({ page, path }: { page: FakeDashPage; path: Path }) {
    const { store } = page;
    const renders = useRef(0);
    renders.current += 1;
    const mine = renders.current;
    const node = useSyncExternalStore(
        (onChange) => store.subscribe(onChange),
        () => store.node(path),
    );
    if (!node) {
        return null;
    }
    const Component = page.componentOf(node.type);
    const setProps = (props: Record<string, any>) => {
        if (mine !== renders.current) {
            throw new Error('This setProps belongs to an earlier render');
        }
        store.setProps(node.props.id, props);
    };
    return (
        <PathContext.Provider value={path}>
            <Component {...node.props} setProps={setProps} />
        </PathContext.Provider>
    );
}
