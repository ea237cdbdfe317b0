using MediaRelay.Gateway.Queue;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.Tests.Server;
using MediaRelay.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>A server that ends tells the gateway when to come back, and the gateway does so, not earlier.</summary>
public sealed class ComeBackTests
{
    [Fact]
    public async Task A_gateway_that_was_told_to_come_back_says_no_hello_before()
    {
        var time = new ManualTime(DateTimeOffset.UtcNow);
        using var link = new EndingLink();
        using var queue = new MemoryEventQueue();
        using var gateway = new GatewayRuntime(new GatewayProfile { Id = ServerRig.GatewayId, Devices = [], Zones = [] }, queue, link, [], new NoMedia(), time, NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        Task running = gateway.RunAsync(stop.Token);
        await ServerRig.UntilAsync(() => link.Hellos == 1 && link.Held == 2, "the session with two GETs");
        link.End(TimeSpan.FromSeconds(20));
        await ServerRig.UntilAsync(() => !gateway.IsConnected, "the session is over");
        await ServerRig.UntilAsync(() => time.ArmedTimers >= 3, "the session and both GETs wait");
        time.Advance(TimeSpan.FromSeconds(19));
        Assert.Equal(1, link.Hellos);
        time.Advance(TimeSpan.FromSeconds(2));
        await ServerRig.UntilAsync(() => link.Hellos == 2 && link.Held == 2, "the gateway is back");
        await stop.CancelAsync();
        await running;
    }

    private sealed class EndingLink : ISmaLink
    {
        private static readonly IReadOnlyDictionary<string, string> s_none = new Dictionary<string, string>();
        private readonly Lock _lock = new();
        private readonly List<TaskCompletionSource<SmaAnswer>> _held = [];
        private int _hellos;

        public int Hellos => Volatile.Read(ref _hellos);

        public int Held
        {
            get
            {
                lock (_lock)
                    return _held.Count;
            }
        }

        public void End(TimeSpan retry)
        {
            lock (_lock)
            {
                _held.ForEach(one => one.TrySetResult(new SmaAnswer(503, [], retry, s_none)));
                _held.Clear();
            }
        }

        public Task<SmaAnswer> SendAsync(string method, string path, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string>? headers, TimeSpan patience, CancellationToken cancellation)
        {
            var x = new XmlOutput();
            switch (path[(path.LastIndexOf('/') + 1)..].Split('?')[0])
            {
                case "session":
                    Interlocked.Increment(ref _hellos);
                    SmaWriter.WriteWelcome(x, new Welcome
                    {
                        Gateway = ServerRig.GatewayId, Epoch = "ie", Major = 1, Time = DateTimeOffset.UtcNow, Heartbeat = TimeSpan.FromSeconds(25), Hold = TimeSpan.FromSeconds(25),
                        Jitter = TimeSpan.FromSeconds(120), LastEvent = 0, MaxEvents = 256, MaxBody = 262_144,
                    });
                    return Task.FromResult(new SmaAnswer(200, x.Written.ToArray(), null, s_none));
                case "events":
                    Assert.True(SmaReader.TryReadEvents(body.Span, out EventBatch batch, out SmaFault fault), fault.Text);
                    SmaWriter.WriteAccepted(x, new EventsAccepted { Gateway = batch.Gateway, Epoch = batch.Epoch, UpTo = batch.Events.Max(one => one.Seq) });
                    return Task.FromResult(new SmaAnswer(202, x.Written.ToArray(), null, s_none));
                default:
                    var held = new TaskCompletionSource<SmaAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
                    lock (_lock)
                        _held.Add(held);
                    return held.Task.WaitAsync(cancellation);
            }
        }

        public void Alternate()
        {
        }

        public void Dispose()
        {
        }
    }
}
