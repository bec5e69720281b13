import ChannelSelector from './components/ChannelSelector';
import Channels from './components/Channels';
import Context from './components/Context';
import Contexts from './components/Contexts';
import Discovery from './components/Discovery';
import Glue42 from './components/Glue42';
import MethodInvoke from './components/MethodInvoke';
import MethodRegister from './components/MethodRegister';
import Notifications from './components/Notifications';
import StreamPublish from './components/StreamPublish';
import StreamSubscribe from './components/StreamSubscribe';
import Tunnel from './components/Tunnel';
import Windows from './components/Windows';
import { createPageGlobals } from './dash/page-globals';
import { publishTunnels, tunnels } from './dash/page-tunnels';

createPageGlobals();
publishTunnels();

export {
    ChannelSelector,
    Channels,
    Context,
    Contexts,
    Discovery,
    Glue42,
    MethodInvoke,
    MethodRegister,
    Notifications,
    StreamPublish,
    StreamSubscribe,
    Tunnel,
    // For the page's own JavaScript.
    tunnels,
    Windows,
};
