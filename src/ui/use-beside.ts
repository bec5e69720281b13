/**
 * Where what a control opens is: beside the control, in front of the page, and on the screen. It is
 * in the top layer of browsers that have one, so that nothing around the control cuts it off.
 */

import { type RefObject, useLayoutEffect } from 'react';

/** Between the control and what it has opened. */
const GAP_PX = 4;

interface Size {
    width: number;
    height: number;
}

interface Box extends Size {
    left: number;
    top: number;
    right: number;
    bottom: number;
}

/** Attributes of an element that is placed so. */
export const BESIDE = { popover: 'manual' };

/** Keeps an element beside its parent as long as it is there. */
export function useBeside(ref: RefObject<HTMLElement>): void {
    useLayoutEffect(() => {
        const element = ref.current;
        const control = element?.parentElement;
        if (!element || !control) {
            return undefined;
        }
        const place = () => {
            const box = control.getBoundingClientRect();
            element.style.minWidth = `${box.width}px`;
            const screen = { width: window.innerWidth, height: window.innerHeight };
            const isFromRight = getComputedStyle(control).direction === 'rtl';
            const { left, top } = placeOf(
                element.getBoundingClientRect(),
                box,
                screen,
                isFromRight,
            );
            element.style.left = `${left}px`;
            element.style.top = `${top}px`;
        };
        element.showPopover?.();
        place();
        // Also of what is around the control.
        window.addEventListener('scroll', place, true);
        window.addEventListener('resize', place);
        return () => {
            window.removeEventListener('scroll', place, true);
            window.removeEventListener('resize', place);
        };
    }, [ref]);
}

/**
 * Below the control, or above it where there is more room for what does not fit; its edge is that
 * of the control unless it would leave the screen.
 */
export function placeOf(
    { width, height }: Size,
    control: Box,
    screen: Size,
    isFromRight: boolean,
): { left: number; top: number } {
    const below = screen.height - control.bottom - GAP_PX;
    const above = control.top - GAP_PX;
    const isAbove = height > below && above > below;
    const top = isAbove ? control.top - GAP_PX - height : control.bottom + GAP_PX;
    const left = isFromRight ? control.right - width : control.left;
    return {
        left: within(left, screen.width - width),
        top: within(top, screen.height - height),
    };
}

function within(position: number, last: number): number {
    return Math.max(0, Math.min(position, last));
}
