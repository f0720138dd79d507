// Stacks as Go 1.26 prints them, of a small service of our own that hangs in the ways the tests name; and the three forms of a profile.
import { profileBytes } from './profile.ts';

/** Leaf first, `function file:line`, with the runtime's own calls as `debug=0` has them. */
export type Stack = readonly string[];

const park = ['runtime.gopark runtime/proc.go:462'];
const select = [...park, 'runtime.selectgo runtime/select.go:351'];
const read = [
  ...park,
  'runtime.netpollblock runtime/netpoll.go:575',
  'internal/poll.runtime_pollWait runtime/netpoll.go:351',
  'internal/poll.(*pollDesc).wait internal/poll/fd_poll_runtime.go:84',
  'internal/poll.(*FD).Read internal/poll/fd_unix.go:165',
  'net.(*netFD).Read net/fd_posix.go:68',
  'net.(*conn).Read net/net.go:196',
];
const grpc = 'google.golang.org/grpc@v1.82.0';
const redis = 'github.com/redis/go-redis/v9@v9.23.0';
const redisReply = [
  ...read,
  'bufio.(*Reader).fill bufio/bufio.go:113',
  'bufio.(*Reader).Peek bufio/bufio.go:152',
  `github.com/redis/go-redis/v9/internal/proto.(*Reader).PeekReplyType ${redis}/internal/proto/reader.go:95`,
  `github.com/redis/go-redis/v9.(*baseClient)._process.func1.3 ${redis}/redis.go:1801`,
  `github.com/redis/go-redis/v9/internal/pool.(*Conn).WithReader ${redis}/internal/pool/conn.go:1188`,
  `github.com/redis/go-redis/v9.(*baseClient)._process.func1 ${redis}/redis.go:1799`,
  `github.com/redis/go-redis/v9.(*Client).Process ${redis}/redis.go:2724`,
  `github.com/redis/go-redis/v9.cmdable.Get ${redis}/string_commands.go:141`,
];
const handled = ['net/http.HandlerFunc.ServeHTTP net/http/server.go:2286', 'net/http.serverHandler.ServeHTTP net/http/server.go:3311'];

/** The service's own goroutines: each may hang. */
export const own = {
  redis: [...redisReply, 'main.watchRedis shop.example/frames/main.go:68'],
  stream: [
    ...select,
    `google.golang.org/grpc/internal/transport.(*recvBufferReader).readMessageHeaderClient ${grpc}/internal/transport/transport.go:204`,
    `google.golang.org/grpc/internal/transport.(*Stream).ReadMessageHeader ${grpc}/internal/transport/transport.go:372`,
    `google.golang.org/grpc.(*parser).recvMsg ${grpc}/rpc_util.go:786`,
    `google.golang.org/grpc.(*clientStream).RecvMsg ${grpc}/stream.go:1020`,
    `google.golang.org/grpc.(*GenericClientStream[...]).Recv ${grpc}/stream_interfaces.go:185`,
    'main.watch shop.example/frames/main.go:76',
  ],
  subscription: [
    ...read,
    `github.com/redis/go-redis/v9/internal/pool.(*Conn).WithReader ${redis}/internal/pool/conn.go:1188`,
    `github.com/redis/go-redis/v9.(*PubSub).ReceiveTimeout ${redis}/pubsub.go:501`,
    `github.com/redis/go-redis/v9.(*channel).initMsgChan.func1 ${redis}/pubsub.go:759`,
  ],
  unclosedBody: [...select, 'net/http.(*persistConn).readLoop net/http/transport.go:2450'],
  sender: [
    ...park,
    'runtime.chansend runtime/chan.go:283',
    'runtime.chansend1 runtime/chan.go:161',
    'main.send shop.example/frames/main.go:15',
  ],
} satisfies Record<string, Stack>;

/** Requests being answered, over HTTP/1 and HTTP/2. */
export const requests = {
  http: [...redisReply, 'main.main.func1 shop.example/frames/main.go:99', ...handled, 'net/http.(*conn).serve net/http/server.go:2067'],
  http2: [
    ...redisReply,
    'main.main.func1 shop.example/frames/main.go:99',
    ...handled,
    'net/http.initALPNRequest.ServeHTTP net/http/server.go:3984',
    'net/http.(*http2serverConn).runHandler net/http/h2_bundle.go:6412',
  ],
} satisfies Record<string, Stack>;

/** What libraries start for themselves, at rest. */
export const idle = {
  'the reader of an HTTP client': [
    ...read,
    'net/http.(*persistConn).Read net/http/transport.go:2174',
    'bufio.(*Reader).Peek bufio/bufio.go:152',
    'net/http.(*persistConn).readLoop net/http/transport.go:2330',
  ],
  'the writer of an HTTP client': [...select, 'net/http.(*persistConn).writeLoop net/http/transport.go:2652'],
  'a connection of the HTTP server': [
    ...read,
    'net/http.(*connReader).Read net/http/server.go:812',
    'bufio.(*Reader).Peek bufio/bufio.go:152',
    'net/http.(*conn).serve net/http/server.go:2103',
  ],
  'a connection of the HTTP/2 server': [
    ...select,
    'net/http.(*http2serverConn).serve net/http/h2_bundle.go:4968',
    'net/http.(*http2Server).ServeConn net/http/h2_bundle.go:4406',
    'net/http.(*conn).serve net/http/server.go:1950',
  ],
  'its reader': [
    ...read,
    'net/http.(*http2Framer).ReadFrame net/http/h2_bundle.go:2130',
    'net/http.(*http2serverConn).readFrames net/http/h2_bundle.go:4837',
  ],
  'the reader of an HTTP/2 client': [
    ...read,
    'net/http.(*http2Framer).ReadFrame net/http/h2_bundle.go:2130',
    'net/http.(*http2clientConnReadLoop).run net/http/h2_bundle.go:9550',
    'net/http.(*http2ClientConn).readLoop net/http/h2_bundle.go:9419',
  ],
  'the reader of a gRPC client': [
    ...read,
    'golang.org/x/net/http2.(*Framer).ReadFrameHeader golang.org/x/net@v0.59.0/http2/frame.go:513',
    `google.golang.org/grpc/internal/transport.(*http2Client).reader ${grpc}/internal/transport/http2_client.go:1709`,
  ],
  'the writer of a gRPC client': [
    ...select,
    `google.golang.org/grpc/internal/transport.(*controlBuffer).get ${grpc}/internal/transport/controlbuf.go:420`,
    `google.golang.org/grpc/internal/transport.(*loopyWriter).run ${grpc}/internal/transport/controlbuf.go:597`,
    `google.golang.org/grpc/internal/transport.NewHTTP2Client.func6 ${grpc}/internal/transport/http2_client.go:478`,
  ],
  'a connection of the gRPC server': [
    ...read,
    `google.golang.org/grpc/internal/transport.(*http2Server).HandleStreams ${grpc}/internal/transport/http2_server.go:646`,
    `google.golang.org/grpc.(*Server).serveStreams ${grpc}/server.go:1072`,
    `google.golang.org/grpc.(*Server).handleRawConn.func1 ${grpc}/server.go:1006`,
  ],
  'a listener that the service started': [
    ...read,
    'net.(*TCPListener).Accept net/tcpsock.go:387',
    'net/http.(*Server).Serve net/http/server.go:3434',
    'main.main.func4 shop.example/frames/main.go:120',
  ],
  'the health check of pgxpool': [
    ...select,
    'github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck github.com/jackc/pgx/v5@v5.12.0/pgxpool/pool.go:520',
    'github.com/jackc/pgx/v5/pgxpool.NewWithConfig.func5 github.com/jackc/pgx/v5@v5.12.0/pgxpool/pool.go:347',
  ],
  'a batch processor that sync.WaitGroup started': [
    ...select,
    'go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).processQueue go.opentelemetry.io/otel/sdk@v1.44.0/trace/batch_span_processor.go:327',
    'go.opentelemetry.io/otel/sdk/trace.NewBatchSpanProcessor.func2 go.opentelemetry.io/otel/sdk@v1.44.0/trace/batch_span_processor.go:127',
    'sync.(*WaitGroup).Go.func1 sync/waitgroup.go:258',
  ],
} satisfies Record<string, Stack>;

export const mainInSelect: Stack = [
  ...park,
  'runtime.block runtime/select.go:105',
  'main.main shop.example/frames/main.go:147',
  'runtime.main runtime/proc.go:290',
];

type Sites = readonly (readonly [count: number, stack: Stack])[];
type Kind = 'goroutine' | 'goroutineleak';

/** `debug=0` */
export const profile = (sites: Sites, kind: Kind = 'goroutine'): Uint8Array =>
  profileBytes(
    [`${kind}/count`],
    sites.map(([count, stack]) => ({ stack: [...stack], values: [count] })),
  );

/** `debug=1`, without the runtime's calls at the start of a stack, as Go leaves them out. @param total the count in the title */
export function counted(sites: Sites, kind: Kind = 'goroutine', total = sites.reduce((sum, [count]) => sum + count, 0)): Uint8Array {
  const groups = sites.map(([count, stack]) => {
    const from = stack.findIndex((frame) => !frame.startsWith('runtime.'));
    return [
      `${count} @ 0x48634e 0x41797c`,
      ...stack.slice(from).map((frame) => `#\t0x67eb5d\t${frame.replace(' ', '+0x1d\t')}`),
      '',
      '',
    ].join('\n');
  });
  return new TextEncoder().encode(`${kind} profile: total ${total}\n${groups.join('')}`);
}
