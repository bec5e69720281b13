import { createPageGlobals } from './client/page-globals';
import Glue42 from './components/Glue42';
import MethodInvoke from './components/MethodInvoke';
import MethodRegister from './components/MethodRegister';

createPageGlobals();

export { Glue42, MethodInvoke, MethodRegister };
