import { describe, expect, it } from 'vitest';
import { exposition } from './expose.ts';
import { client, at, list, Rig, wall } from './testing.ts';

/** What stands in the page of the metrics of openvpn_exporter, without heads. */
function samplesOf(rig: Rig): string[] {
  const page = exposition(rig.fleet, at(2), { format: 'text', compat: 'kumina' });
  return page.split('\n').filter((line) => line.startsWith('openvpn_'));
}

function rigWith(...rows: ReturnType<typeof client>[]): Rig {
  const rig = new Rig({ keepRoutes: true });
  rig.tell('status-file', 0, { kind: 'source-up', where: '/run/status' });
  const route = {
    destination: '10.8.0.1',
    cached: true,
    commonName: 'alice',
    realAddress: { text: '10.99.0.2:1' },
    lastReference: { wall: wall(1) },
  };
  rig.tell('status-file', 1, list(rows, { time: { wall: wall(1) }, routes: [route] }));
  return rig;
}

describe('the metrics of openvpn_exporter', () => {
  it('have its names, labels and help', () => {
    const rig = rigWith(client(1, { commonName: 'alice', username: 'al', bytesReceived: 5, bytesSent: 6 }));
    const labels =
      'status_path="/run/status",common_name="alice",connection_time="1795352568",real_address="10.99.0.2:1",virtual_address="10.8.0.1",username="al"';
    expect(samplesOf(rig)).toEqual([
      'openvpn_up{status_path="/run/status"} 1',
      'openvpn_status_update_time_seconds{status_path="/run/status"} 1795352569',
      'openvpn_server_connected_clients{status_path="/run/status"} 1',
      `openvpn_server_client_received_bytes_total{${labels}} 5`,
      `openvpn_server_client_sent_bytes_total{${labels}} 6`,
      'openvpn_server_route_last_reference_time_seconds{status_path="/run/status",common_name="alice",real_address="10.99.0.2:1",virtual_address="10.8.0.1C"} 1795352569',
    ]);
    expect(exposition(rig.fleet, at(2), { format: 'text', compat: 'kumina' })).toContain(
      '# HELP openvpn_server_client_received_bytes_total Amount of data received over a connection on the VPN server, in bytes.\n' +
        '# TYPE openvpn_server_client_received_bytes_total counter\n',
    );
  });

  it('keep what that exporter lost: one of many that look alike', () => {
    // With one common name, address and start each known from another row, it left the client out.
    const rows = [
      client(1, { commonName: 'a', bytesReceived: 1 }),
      client(2, { commonName: 'b', bytesReceived: 2, since: { wall: wall(-50) } }),
      client(2, { commonName: 'a', bytesReceived: 4 }),
    ];
    const received = samplesOf(rigWith(...rows)).filter((line) => line.startsWith('openvpn_server_client_received'));
    expect(received).toHaveLength(3);
  });

  it('of a client are its statistics', () => {
    const rig = new Rig();
    rig.tell('status-file', 0, { kind: 'source-up', where: 'c.status' });
    const counters = new Map([
      ['TUN/TAP read bytes', 1],
      ['TCP/UDP write bytes', 2],
      ['pre-compress bytes', 3],
    ]);
    rig.tell('status-file', 1, list([], { form: 'statistics', counters }));
    expect(samplesOf(rig)).toEqual([
      'openvpn_up{status_path="c.status"} 1',
      'openvpn_client_tun_tap_read_bytes_total{status_path="c.status"} 1',
      'openvpn_client_tcp_udp_write_bytes_total{status_path="c.status"} 2',
      'openvpn_client_pre_compress_bytes_total{status_path="c.status"} 3',
    ]);
  });

  it('are not there unless asked for', () => {
    expect(exposition(rigWith().fleet, at(2), { format: 'text' })).not.toContain('\nopenvpn_');
  });
});
