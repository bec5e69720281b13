/**
 * Notifications inside of the page, in a corner of it. They bring their own style and take none of
 * the page's; screen readers tell them as they come.
 */

import { Countdown } from './countdown';
import type { NotificationSettings } from './notification-settings';
import type { Shown, Watcher } from './shown';
import { TOAST_STYLE } from './toast-style';

/** Moves the focus to the newest toast. */
const FOCUS_KEY = 'F8';
/** Those that interrupt what a screen reader says. */
const URGENT = ['High', 'Critical'];

class Toaster {
    private readonly toasts: Toast[] = [];
    private host: HTMLElement | undefined;
    private groups: { urgent: HTMLElement; other: HTMLElement } | undefined;
    /** What had the focus before a toast got it. */
    private before: HTMLElement | undefined;

    /** @param ms How long it stays where it does not require an interaction. */
    show(settings: NotificationSettings, ms: number, watcher: Watcher): Shown {
        const { urgent, other } = this.prepare();
        document.addEventListener('keydown', this.onKey);
        document.addEventListener('visibilitychange', this.onVisibility);
        const isUrgent = URGENT.includes(settings.severity ?? 'None');
        const toast = new Toast(settings, ms, watcher);
        this.toasts.push(toast);
        (isUrgent ? urgent : other).prepend(toast.element);
        const close = () => this.remove(toast);
        return { close, giveUp: close };
    }

    private remove(toast: Toast): void {
        const index = this.toasts.indexOf(toast);
        if (index < 0) {
            return;
        }
        this.toasts.splice(index, 1);
        const hadFocus = toast.hasFocus;
        toast.end();
        if (hadFocus) {
            (this.newest ?? this.before)?.focus();
        }
        if (this.toasts.length === 0) {
            document.removeEventListener('keydown', this.onKey);
            document.removeEventListener('visibilitychange', this.onVisibility);
        }
    }

    private get newest(): Toast | undefined {
        return this.toasts[this.toasts.length - 1];
    }

    /** The groups of toasts, which stay: a screen reader tells what comes into those it knows. */
    prepare(): { urgent: HTMLElement; other: HTMLElement } {
        this.host ??= document.createElement('div');
        this.groups ??= this.build(this.host);
        if (!this.host.isConnected) {
            document.body.append(this.host);
        }
        return this.groups;
    }

    private build(host: HTMLElement): { urgent: HTMLElement; other: HTMLElement } {
        host.dataset.dashInterop = 'toasts';
        const root = host.attachShadow({ mode: 'open' });
        const style = new CSSStyleSheet();
        style.replaceSync(TOAST_STYLE);
        root.adoptedStyleSheets = [style];
        const region = element('section', 'toasts', {
            role: 'region',
            'aria-label': `Notifications (${FOCUS_KEY})`,
        });
        const live = { 'aria-atomic': 'false', 'aria-relevant': 'additions' };
        const urgent = element('div', 'group', { role: 'alert', ...live });
        const other = element('div', 'group', { role: 'status', ...live });
        region.append(urgent, other);
        root.append(region);
        region.addEventListener('focusin', ({ relatedTarget }) => this.noteFocus(relatedTarget));
        return { urgent, other };
    }

    /** @param holder What has, or had, the focus before a toast gets it. */
    private noteFocus(holder: EventTarget | null): void {
        const isOwn = holder === this.host || this.toasts.some((toast) => toast.contains(holder));
        if (holder instanceof HTMLElement && holder.isConnected && !isOwn) {
            this.before = holder;
        }
    }

    private readonly onKey = (event: KeyboardEvent) => {
        const { activeElement } = document;
        if (event.key === FOCUS_KEY && this.newest) {
            event.preventDefault();
            this.noteFocus(activeElement);
            this.newest.focus();
        }
    };

    private readonly onVisibility = () => {
        for (const toast of this.toasts) {
            toast.noteVisibility();
        }
    };
}

/** That of the page. */
export const toaster = new Toaster();

class Toast {
    readonly element: HTMLElement;
    private readonly main: HTMLElement;
    /** Undefined where it stays until its user does something. */
    private readonly countdown: Countdown | undefined;

    constructor(settings: NotificationSettings, ms: number, watcher: Watcher) {
        const { title, severity = 'None', requireInteraction, lang, dir } = settings;
        this.element = element('div', `toast ${severity.toLowerCase()}`, {
            role: 'group',
            'aria-label': title,
            ...(lang === undefined ? {} : { lang }),
            ...(dir === undefined ? {} : { dir }),
        });
        this.main = mainButton(settings);
        this.main.addEventListener('click', watcher.clicked);
        const close = element('button', 'close', { type: 'button', 'aria-label': 'Close' }, '×');
        close.addEventListener('click', () => watcher.closed('user'));
        this.element.append(this.main, close, ...actionButtons(settings, watcher.chosen));
        this.element.addEventListener('keydown', (event) => {
            if (event.key === 'Escape') {
                event.stopPropagation();
                watcher.closed('user');
            }
        });
        if (!requireInteraction) {
            this.countdown = new Countdown(ms, () => watcher.closed('timeout'));
            this.holdWhile('pointerenter', 'pointerleave');
            this.holdWhile('focusin', 'focusout');
            this.noteVisibility();
        }
    }

    get hasFocus(): boolean {
        const { activeElement } = this.element.getRootNode() as ShadowRoot;
        return this.element.contains(activeElement);
    }

    focus(): void {
        this.main.focus();
    }

    contains(target: EventTarget | null): boolean {
        return target instanceof Node && this.element.contains(target);
    }

    /** What nobody can see stays. */
    noteVisibility(): void {
        if (document.visibilityState === 'hidden') {
            this.countdown?.hold('hidden');
        } else {
            this.countdown?.release('hidden');
        }
    }

    end(): void {
        this.countdown?.stop();
        this.element.remove();
    }

    private holdWhile(begin: string, end: string): void {
        this.element.addEventListener(begin, () => this.countdown?.hold(begin));
        this.element.addEventListener(end, () => this.countdown?.release(begin));
    }
}

/** All that is to be read, which is one button: a click on it is a click on the notification. */
function mainButton({ title, body, icon, image, severity }: NotificationSettings): HTMLElement {
    const button = element('button', 'main', { type: 'button' });
    const texts = element('span', 'texts');
    if (severity !== undefined && severity !== 'None') {
        texts.append(element('span', 'severity', {}, severity));
    }
    texts.append(element('strong', 'title', {}, title));
    if (body) {
        texts.append(element('span', 'body', {}, body));
    }
    if (image) {
        texts.append(element('img', 'image', { src: image, alt: '' }));
    }
    button.append(...(icon ? [element('img', 'icon', { src: icon, alt: '' })] : []), texts);
    return button;
}

function actionButtons(
    { actions = [] }: NotificationSettings,
    chosen: (action: string) => void,
): HTMLElement[] {
    if (actions.length === 0) {
        return [];
    }
    const row = element('div', 'actions');
    for (const { action, title, icon } of actions) {
        const button = element('button', 'action', { type: 'button' });
        button.append(...(icon ? [element('img', 'small', { src: icon, alt: '' })] : []), title);
        button.addEventListener('click', () => chosen(action));
        row.append(button);
    }
    return [row];
}

function element(
    name: string,
    className: string,
    attributes: Record<string, string> = {},
    text = '',
): HTMLElement {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    for (const [attribute, value] of Object.entries(attributes)) {
        made.setAttribute(attribute, value);
    }
    return made;
}
