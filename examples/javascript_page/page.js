// A page without Dash: @interopio/core, as it is published, and the gateway of the Dash app.

const element = (id) => document.getElementById(id);

// The Dash app knows where the gateway is, and hands out a token that lets this page in.
async function askDashServer() {
    const response = await fetch('/_dash-interop/session', { method: 'POST' });
    const answer = await response.json();
    if (answer.error) {
        throw new Error(answer.error);
    }
    return answer;
}

async function connect() {
    const { url, token } = await askDashServer();
    return window.IOConnectCore({
        application: 'JavaScript page',
        gateway: { ws: url },
        auth: { token },
        metrics: false,
        insights: false,
    });
}

// A token is good for one login, and a new gateway may be elsewhere: this page starts over as soon
// as it gets a new token.
async function startOver() {
    showState('disconnected');
    try {
        await askDashServer();
        location.reload();
    } catch {
        setTimeout(startOver, 1000);
    }
}

function showState(state) {
    element('state').textContent = state;
    element('state').className = `state ${state}`;
    element('invoke').disabled = state !== 'connected';
}

async function invokeStatistics(io) {
    const numbers = element('numbers').value.split(',').map(Number);
    // The Dash app may not be open: says so after a second, instead of the usual half a minute.
    const options = { waitTimeoutMs: 1000 };
    try {
        const result = await io.interop.invoke('Python.Statistics', { numbers }, 'best', options);
        const { count, mean } = result.returned;
        element('statistics').textContent = `${count} numbers, mean ${mean}`;
    } catch (error) {
        element('statistics').textContent = `No statistics: ${error.message}`;
    }
}

async function main() {
    if (!window.IOConnectCore) {
        throw new Error('@interopio/core is missing: run "npm ci" and load this page again');
    }
    const io = await connect();
    io.connection.disconnected(startOver);
    await io.interop.register('Page.Greet', ({ name }, caller) => {
        element('served').textContent = `${name} from ${caller.application}`;
        return { text: `Hello ${name}, from JavaScript` };
    });
    element('invoke').addEventListener('click', () => invokeStatistics(io));
    showState('connected');
}

main().catch((error) => {
    showState('disconnected');
    element('connection-error').textContent = error.message ?? String(error);
});
