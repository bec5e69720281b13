/**
 * A gateway of this project as far as contexts go, and pages on it. What pages send waits until
 * `settle`, so that a test says what happens before an answer comes.
 */

import { encodeJson } from '../../../src/client/codec';
import { applyDelta } from '../../../src/client/context-deltas';
import { GatewayContexts } from '../../../src/client/gateway-contexts';

type Frame = Record<string, any>;

interface Context {
    id: string;
    name: string;
    data: object;
    version: number;
    members: Set<FakeContextPage>;
    /** Whether it was brought back by a page, and not written since. */
    isRestored: boolean;
    isRestorable: boolean;
}

const copy = <T>(value: T): T => JSON.parse(encodeJson(value));

export class FakeContextGateway {
    readonly pages: FakeContextPage[] = [];
    /** Names of contexts that pages may not read. */
    readonly unreadable = new Set<string>();
    private contexts = new Map<string, Context>();
    private inbox: [FakeContextPage, Frame][] = [];
    private node = 1;
    private count = 0;
    private ids = 0;
    private logins = 0;

    connect(): FakeContextPage {
        const page = new FakeContextPage(this);
        this.pages.push(page);
        page.logIn();
        return page;
    }

    /** Handles all that pages have sent, and what they send meanwhile. */
    async settle(): Promise<void> {
        for (let turn = 0; turn < 10; turn += 1) {
            for (const [page, frame] of this.inbox.splice(0)) {
                this.handle(page, copy(frame));
            }
            await Promise.resolve();
        }
    }

    valueOf(name: string): object | undefined {
        return this.contexts.get(name)?.data;
    }

    versionOf(name: string): number | undefined {
        return this.contexts.get(name)?.version;
    }

    membersOf(name: string): FakeContextPage[] {
        return [...(this.contexts.get(name)?.members ?? [])];
    }

    /** The process has ended, and another one has begun. */
    restart(): void {
        for (const page of this.pages) {
            page.logOut();
        }
        this.contexts = new Map();
        this.count = 0;
        this.node += 1;
    }

    /** Whether a context may come back after a restart. */
    makeRestorable(name: string, isRestorable: boolean): void {
        (this.contexts.get(name) as Context).isRestorable = isRestorable;
    }

    post(page: FakeContextPage, frame: Frame): void {
        this.inbox.push([page, frame]);
    }

    welcome(page: FakeContextPage): void {
        this.logins += 1;
        page.peerId = `peer-${this.logins}`;
        const options = { node: `node-${this.node}` };
        page.contexts.connect({ type: 'welcome', peer_id: page.peerId, options });
        for (const { id, name } of this.contexts.values()) {
            page.hear({ type: 'context-added', context_id: id, name });
        }
        // The answer to the join of another domain.
        page.hear({ type: 'success', request_id: 'core-1' });
    }

    leave(page: FakeContextPage): void {
        this.inbox = this.inbox.filter(([from]) => from !== page);
        for (const { members } of this.contexts.values()) {
            members.delete(page);
        }
    }

    private handle(page: FakeContextPage, frame: Frame): void {
        const { type, request_id } = frame;
        const answer = (what: Frame) => page.hear({ request_id, ...what });
        if (type === 'create-context') {
            this.create(page, frame, answer);
            return;
        }
        const context = [...this.contexts.values()].find(({ id }) => id === frame.context_id);
        const refuse = (uri: string, reason: string) =>
            answer({ type: 'error', reason_uri: `global.errors.${uri}`, reason });
        if (!context) {
            refuse('failure', `Unable to find context with id ${frame.context_id}`);
        } else if (frame.if_version !== undefined && frame.if_version !== context.version) {
            refuse('conflict', `its version is ${context.version}, not ${frame.if_version}`);
        } else if (type === 'subscribe-context' && this.unreadable.has(context.name)) {
            answer({
                type: 'error',
                reason_uri: 'global.errors.not_authorized',
                reason: 'Not you',
            });
        } else if (type === 'subscribe-context') {
            context.members.add(page);
            answer(this.told(context));
        } else if (type === 'unsubscribe-context') {
            context.members.delete(page);
            answer({ type: 'success' });
        } else if (type === 'update-context') {
            this.update(context, frame.delta, page.peerId);
            answer({ type: 'success' });
        } else {
            this.contexts.delete(context.name);
            for (const each of this.online) {
                each.hear({ type: 'context-destroyed', context_id: context.id });
            }
            answer({ type: 'success' });
        }
    }

    private create(page: FakeContextPage, frame: Frame, answer: (what: Frame) => void): void {
        const { name, data, version } = frame;
        const present = this.contexts.get(name);
        if (present) {
            if (present.isRestored && version > present.version) {
                this.count = Math.max(this.count, version - 1);
                this.update(present, { reset: data }, undefined);
                present.isRestored = true;
            }
            present.members.add(page);
            answer(this.told(present));
            return;
        }
        this.ids += 1;
        this.count = version === undefined ? this.count + 1 : Math.max(this.count, version);
        const context: Context = {
            id: `context-${this.ids}`,
            name,
            data,
            version: version ?? this.count,
            members: new Set([page]),
            isRestored: version !== undefined,
            isRestorable: true,
        };
        this.contexts.set(name, context);
        for (const each of this.online) {
            each.hear({ type: 'context-added', context_id: context.id, name });
        }
        const { id: context_id } = context;
        answer({ type: 'context-created', context_id, version: context.version });
    }

    private update(context: Context, delta: Frame, updater_id: string | undefined): void {
        this.count += 1;
        context.data = copy(applyDelta(context.data, copy(delta)).value);
        context.version = this.count;
        context.isRestored = false;
        const { id: context_id, version } = context;
        for (const member of context.members) {
            member.hear({ type: 'context-updated', context_id, updater_id, delta, version });
        }
    }

    private told({ id, name, data, version, isRestorable }: Context): Frame {
        const what = { context_id: id, name, data, version, restorable: isRestorable };
        return { type: 'subscribed-context', ...what };
    }

    private get online(): FakeContextPage[] {
        return this.pages.filter(({ peerId }) => peerId !== '');
    }
}

export class FakeContextPage {
    readonly contexts: GatewayContexts;
    /** The frames that it has sent. */
    readonly sent: Frame[] = [];
    /** Empty while it is not logged in. */
    peerId = '';
    private readonly gateway: FakeContextGateway;
    /** What is on its way, while it is held back. */
    private held: Frame[] | undefined;

    constructor(gateway: FakeContextGateway) {
        this.gateway = gateway;
        this.contexts = new GatewayContexts((frame) => {
            this.sent.push(copy(frame));
            gateway.post(this, frame);
        });
    }

    logIn(): void {
        this.gateway.welcome(this);
    }

    logOut(): void {
        this.peerId = '';
        this.gateway.leave(this);
        this.contexts.disconnect();
    }

    hear(frame: Frame): void {
        if (this.held) {
            this.held.push(copy(frame));
        } else if (this.peerId !== '') {
            this.contexts.hear(copy(frame) as any);
        }
    }

    /** What the gateway says from now on arrives only with `hearAll`. */
    holdBack(): void {
        this.held = [];
    }

    hearAll(): void {
        const held = this.held ?? [];
        this.held = undefined;
        for (const frame of held) {
            this.hear(frame);
        }
    }

    get sentTypes(): string[] {
        return this.sent.map(({ type }) => type);
    }
}
