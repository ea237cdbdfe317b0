using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>The Event Server's side of the contract in memory: numbers and epochs as the real one counts them, and faults on demand.</summary>
internal sealed class ServerStandIn : ISmaLink
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, EventSequence> _stored = [];
    private readonly List<Instruction> _waiting = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _epoch;
    private ulong _lastInstruction;

    /// <summary>No answer comes.</summary>
    public bool IsDown { get; set; }

    /// <summary>Hellos are held off; alarms are taken, and what waits for the gateway goes with the answer.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Status of everything that is not part of the session.</summary>
    public int OtherStatus { get; set; } = 404;

    public List<Hello> Hellos { get; } = [];

    /// <summary>Hellos that were held off.</summary>
    public int HeldOff { get; private set; }

    public List<SmaEvent> Events { get; } = [];

    public int Others { get; private set; }

    /// <summary>As if these events had been stored before.</summary>
    public void Know(string epoch, ulong upTo) => _stored[epoch] = new EventSequence(upTo);

    public SmaEvent[] Of(string kind)
    {
        lock (_lock)
            return [.. Events.Where(one => one.Kind == kind)];
    }

    public ResultBody? ResultOf(string instruction) => (ResultBody?)Of(SmaEventKinds.InstructionResult).SingleOrDefault(one => one.Cause == instruction)?.Body;

    public void Instruct(Instruction instruction)
    {
        lock (_lock)
        {
            _waiting.Add(instruction with { Seq = ++_lastInstruction });
            _more.TrySetResult();
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public async Task<SmaAnswer> SendAsync(string method, string path, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string>? headers, TimeSpan patience, CancellationToken cancellation)
    {
        if (IsDown)
            throw new IOException("The server is down.");
        if (path.Contains("/instructions?after=", StringComparison.Ordinal))
            return await HoldAsync(ulong.Parse(path.Split("after=")[1].Split('&')[0], System.Globalization.CultureInfo.InvariantCulture), cancellation);
        lock (_lock)
        {
            if (path.EndsWith("/session", StringComparison.Ordinal))
                return Greet(body.Span);
            if (path.EndsWith("/events", StringComparison.Ordinal))
                return Take(body.Span);
            Others++;
            return Answer(OtherStatus, new XmlOutput());
        }
    }

    public void Alternate()
    {
    }

    public void Dispose()
    {
    }

    private async Task<SmaAnswer> HoldAsync(ulong after, CancellationToken cancellation)
    {
        while (true)
        {
            Task more;
            lock (_lock)
            {
                more = _more.Task;
                Instruction[] next = [.. _waiting.Where(one => one.Seq > after)];
                if (next.Length > 0)
                {
                    var x = new XmlOutput();
                    SmaWriter.WriteInstructions(x, new InstructionBatch("gw", "ie", next));
                    return Answer(200, x);
                }
            }

            await more.WaitAsync(cancellation);
        }
    }

    private SmaAnswer Greet(ReadOnlySpan<byte> body)
    {
        if (IsBusy)
        {
            HeldOff++;
            return Answer(503, new XmlOutput());
        }

        Assert.True(SmaReader.TryReadHello(body, out Hello hello, out SmaFault fault), fault.Text);
        Hellos.Add(hello);
        _epoch = hello.Epoch;
        EventSequence stored = Stored(hello.Epoch);
        stored.Forget(hello.FirstEvent);
        var x = new XmlOutput();
        SmaWriter.WriteWelcome(x, new Welcome
        {
            Gateway = hello.Gateway, Epoch = "ie", Major = 1, Time = DateTimeOffset.UtcNow, Heartbeat = TimeSpan.FromSeconds(25), Hold = TimeSpan.FromSeconds(25), Jitter = TimeSpan.Zero,
            LastEvent = stored.Contiguous, MaxEvents = 256, MaxBody = 1024 * 1024,
        });
        return Answer(200, x);
    }

    private SmaAnswer Take(ReadOnlySpan<byte> body)
    {
        Assert.True(SmaReader.TryReadEvents(body, out EventBatch batch, out SmaFault fault), fault.Text);
        if (_epoch is not null && _epoch != batch.Epoch)
            return Answer(409, new XmlOutput());
        EventSequence stored = Stored(batch.Epoch);
        var later = new List<RejectedEvent>();
        foreach (SmaEvent message in batch.Events)
        {
            if (!stored.IsInWindow(message.Seq))
                later.Add(new RejectedEvent(message.Seq, "later", 0, "Too far ahead."));
            else if (stored.Add(message.Seq))
                Events.Add(message);
        }

        var missing = new List<SeqRange>();
        stored.Missing(missing, 32);
        var x = new XmlOutput();
        SmaWriter.WriteAccepted(x, new EventsAccepted
        {
            Gateway = "gw", Epoch = batch.Epoch, UpTo = stored.Contiguous, Missing = missing, Rejected = later,
            Instructions = IsBusy && _waiting.Count > 0 ? new InstructionBatch("gw", "ie", [.. _waiting]) : null,
        });
        return Answer(202, x);
    }

    private EventSequence Stored(string epoch) => _stored.TryGetValue(epoch, out EventSequence? stored) ? stored : _stored[epoch] = new EventSequence();

    private static SmaAnswer Answer(int status, XmlOutput x) => new(status, x.Written.ToArray(), null, new Dictionary<string, string>());
}
