/** Device IO (ver10/deviceIO/wsdl): one digital input, the panic button. */
import { inputToken } from './event-service.js';
import type { Service } from './service.js';
import { xml } from './xml.js';

export const deviceIoService: Service = {
  path: '/onvif/deviceio_service',
  namespace: 'http://www.onvif.org/ver10/deviceIO/wsdl',
  version: [19, 6],
  operations: {
    GetServiceCapabilities: ({ context }) => xml`<tmd:GetServiceCapabilitiesResponse><tmd:Capabilities VideoSources="${context.channels.length}" DigitalInputs="1" RelayOutputs="0"/></tmd:GetServiceCapabilitiesResponse>`,
    GetDigitalInputs: () => xml`<tmd:GetDigitalInputsResponse><tmd:DigitalInputs token="${inputToken}" IdleState="open"/></tmd:GetDigitalInputsResponse>`,
  },
};
