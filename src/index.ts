import Context from './components/Context';
import Contexts from './components/Contexts';
import Discovery from './components/Discovery';
import Glue42 from './components/Glue42';
import MethodInvoke from './components/MethodInvoke';
import MethodRegister from './components/MethodRegister';
import StreamPublish from './components/StreamPublish';
import StreamSubscribe from './components/StreamSubscribe';
import { createPageGlobals } from './dash/page-globals';

createPageGlobals();

export {
    Context,
    Contexts,
    Discovery,
    Glue42,
    MethodInvoke,
    MethodRegister,
    StreamPublish,
    StreamSubscribe,
};
