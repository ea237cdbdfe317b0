using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>A server whose answers the test writes: it says hello, takes all events, and holds GETs until <see cref="Instruct"/>.</summary>
internal sealed class ScriptedLink : ISmaLink
{
    public const string Epoch = "ie";

    private static readonly IReadOnlyDictionary<string, string> s_none = new Dictionary<string, string>();
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource<SmaAnswer>> _held = [];
    private readonly List<string> _polls = [];
    private readonly List<SmaEvent> _events = [];

    /// <summary>What the welcome says is done with.</summary>
    public ulong LastInstruction { get; set; }

    /// <summary>Answers a POST of events; the default takes everything.</summary>
    public Func<EventBatch, SmaAnswer> OnEvents { get; set; } = Accept;

    /// <summary>Answers a hello; null stands for the usual welcome.</summary>
    public Func<Hello, SmaAnswer>? OnHello { get; set; }

    /// <summary>When set, an answer to a hello waits for it.</summary>
    public Task? HelloDelay { get; set; }

    public int Hellos { get; private set; }

    public int Posts { get; private set; }

    /// <summary>How often the other server was chosen.</summary>
    public int Alternations { get; private set; }

    /// <summary>Acknowledgements of all GETs so far, the last of them last.</summary>
    public string[] Polls
    {
        get
        {
            lock (_lock)
                return [.. _polls];
        }
    }

    public SmaEvent[] Results
    {
        get
        {
            lock (_lock)
                return [.. _events.Where(one => one.Kind == SmaEventKinds.InstructionResult)];
        }
    }

    public int Held
    {
        get
        {
            lock (_lock)
                return _held.Count;
        }
    }

    /// <summary>Answers the GET that is held longest.</summary>
    public void Instruct(params Instruction[] instructions)
    {
        var x = new XmlOutput();
        SmaWriter.WriteInstructions(x, new InstructionBatch("gw", Epoch, instructions));
        Answer(x.Written.ToArray());
    }

    public void Answer(byte[] document)
    {
        lock (_lock)
            _held.Dequeue().SetResult(new SmaAnswer(200, document, null, s_none));
    }

    public Task<SmaAnswer> SendAsync(string method, string path, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string>? headers, TimeSpan patience, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (path.EndsWith("/session", StringComparison.Ordinal))
            {
                Hellos++;
                Assert.True(SmaReader.TryReadHello(body.Span, out Hello hello, out _));
                SmaAnswer answer = OnHello?.Invoke(hello) ?? Welcome(0);
                return HelloDelay is { } delay ? LateAsync(delay, answer, cancellation) : Task.FromResult(answer);
            }

            if (path.EndsWith("/events", StringComparison.Ordinal))
            {
                Posts++;
                Assert.True(SmaReader.TryReadEvents(body.Span, out EventBatch batch, out _));
                _events.AddRange(batch.Events.Where(one => _events.All(known => known.Seq != one.Seq)));
                return Task.FromResult(OnEvents(batch));
            }

            _polls.Add(path[(path.IndexOf('=', StringComparison.Ordinal) + 1)..path.IndexOf('&', StringComparison.Ordinal)]);
            var held = new TaskCompletionSource<SmaAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
            cancellation.Register(() => held.TrySetCanceled(cancellation));
            _held.Enqueue(held);
            return held.Task;
        }
    }

    public void Alternate() => Alternations++;

    public void Dispose()
    {
    }

    public static SmaAnswer Status(int status) => new(status, [], null, s_none);

    public static SmaAnswer Accept(EventBatch batch) => Accepted(batch, batch.Events.Max(one => one.Seq));

    public static SmaAnswer Accepted(EventBatch batch, ulong upTo, params RejectedEvent[] rejected)
    {
        var x = new XmlOutput();
        SmaWriter.WriteAccepted(x, new EventsAccepted { Gateway = batch.Gateway, Epoch = batch.Epoch, UpTo = upTo, Rejected = rejected });
        return new SmaAnswer(202, x.Written.ToArray(), null, s_none);
    }

    private static async Task<SmaAnswer> LateAsync(Task delay, SmaAnswer answer, CancellationToken cancellation)
    {
        await delay.WaitAsync(cancellation);
        return answer;
    }

    /// <summary>The usual welcome.</summary>
    public SmaAnswer Welcome(ulong lastEvent)
    {
        var x = new XmlOutput();
        SmaWriter.WriteWelcome(x, new Welcome
        {
            Gateway = "gw", Epoch = Epoch, Major = 1, Time = DateTimeOffset.UtcNow, Heartbeat = TimeSpan.FromSeconds(25), Hold = TimeSpan.FromSeconds(25), Jitter = TimeSpan.FromSeconds(60),
            LastEvent = lastEvent, LastInstruction = LastInstruction, MaxEvents = 256, MaxBody = SmaContract.MaxBody,
        });
        return new SmaAnswer(200, x.Written.ToArray(), null, s_none);
    }
}
