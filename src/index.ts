import Glue42 from './components/Glue42';
import MethodInvoke from './components/MethodInvoke';
import MethodRegister from './components/MethodRegister';
import StreamSubscribe from './components/StreamSubscribe';
import { createPageGlobals } from './dash/page-globals';

createPageGlobals();

export { Glue42, MethodInvoke, MethodRegister, StreamSubscribe };
