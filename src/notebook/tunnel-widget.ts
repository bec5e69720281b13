/** The module of a `SlowTunnelWidget`: one end of its tunnel, for as long as the widget lives. */

import { connectTunnel } from './globals';
import { Line, type LineMessage, type Model } from './line';

const ENDED = 'The widget was closed, or its kernel has ended';
const BUSY = 'the kernel has not answered yet: a cell may keep it busy';

export default {
    initialize({ model, signal }: { model: Model; signal: AbortSignal }): void {
        const flush = () => {
            const frames = line.isOpen ? endpoint.take() : [];
            if (frames.length > 0) {
                line.send({ type: 'frames', frames });
            }
        };
        const connector = {
            // What is sent in one turn travels together.
            wake: () => queueMicrotask(flush),
            obstacle: () => (line.isOpen ? undefined : BUSY),
            cancel: (requestId: string) =>
                line.send({ type: 'frames', frames: [{ type: 'cancel', requestId }] }),
        };
        const hear = ({ frames = [] }: LineMessage) => {
            for (const frame of frames) {
                try {
                    endpoint.receive(frame);
                } catch (error) {
                    // One is lost, and the others are not to be lost with it.
                    reportError(error);
                }
            }
        };
        const replaced = (why: string) => {
            line.send({ type: 'end', why });
            line.close();
        };
        const { endpoint, end } = connectTunnel(model.get('tunnel_id'), connector, replaced);
        const leave = () => {
            line.close();
            end(ENDED);
        };
        const line = new Line(model, { onOpen: flush, onMessage: hear, onLost: leave });
        signal.addEventListener('abort', leave);
    },
};
