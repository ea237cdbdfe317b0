using System.Threading.Channels;
using MediaRelay.Signaling.Sessions;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>The owner of one media session: inputs wait in a mailbox, effects are carried out in order, deadlines are kept.</summary>
internal sealed partial class SessionMailbox
{
    private readonly Channel<Action<MediaSession, TimeSpan, List<SessionEffect>>> _inputs =
        Channel.CreateBounded<Action<MediaSession, TimeSpan, List<SessionEffect>>>(new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Streams of notices that are open now.</summary>
    public int Streams;

    /// <summary>Grows with every stream that opened, so that an old stream's end can see that a new one came.</summary>
    public int StreamsOpened;

    private readonly TaskCompletionSource<SessionOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<SessionOutcome>? _restart;
    private readonly MediaSession _session;
    private readonly List<SessionEffect> _effects;
    private readonly MonotonicClock _clock;
    private readonly Func<SessionMailbox, SessionEffect, Task> _carryOut;
    private readonly ILogger _logger;

    public SessionMailbox(SessionRequest request, SessionLimits limits, SessionOwner owner, MonotonicClock clock, Func<SessionMailbox, SessionEffect, Task> carryOut, ILogger logger)
    {
        (Owner, _clock, _carryOut, _logger) = (owner, clock, carryOut, logger);
        _effects = [];
        Started = clock.Now;
        _session = new MediaSession(request, limits, Started, _effects);
    }

    /// <summary>Monotonic time of the request.</summary>
    public TimeSpan Started { get; }

    /// <summary>Who looks in, and on which right.</summary>
    public SessionOwner Owner { get; }

    /// <summary>The session; only its request and plain states may be read from other threads.</summary>
    public MediaSession Session => _session;

    /// <summary>What the viewer's request gets, once known.</summary>
    public Task<SessionOutcome> Outcome => _outcome.Task;

    /// <summary>The answer in force, the one of the last restart; null before the first.</summary>
    public string? Answer { get; private set; }

    /// <summary>Steps of the gateway's endpoint as it reported them last.</summary>
    public IReadOnlyDictionary<string, double>? GatewaySteps { get; set; }

    /// <summary>What became of the gates; written by the mailbox alone.</summary>
    public List<string> GateNotes { get; } = [];

    /// <summary>Notices for the viewer's stream.</summary>
    public SessionNotices Notices { get; } = new();

    /// <summary>Completes when the session is over and everything was carried out.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    public void Start() => Running = Task.Run(RunAsync);

    /// <summary>An ICE restart begins; the next outcome is its own. One that still waits is given up for it.</summary>
    public Task<SessionOutcome> BeginRestart()
    {
        var restart = new TaskCompletionSource<SessionOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _restart, restart)?.TrySetResult(new SessionOutcome(null, new SessionFailure("restart-again", 409, "restart", "A later restart took its place.")));
        return restart.Task;
    }

    /// <summary>An answer or refusal for the viewer's first request, or else for the restart that waits.</summary>
    public void Settle(SessionOutcome outcome)
    {
        Answer = outcome.Answer ?? Answer;
        if (!_outcome.TrySetResult(outcome))
            Interlocked.Exchange(ref _restart, null)?.TrySetResult(outcome);
    }

    /// <summary>Adds an input; it is handled after all that came before it.</summary>
    public void Post(Action<MediaSession, TimeSpan, List<SessionEffect>> input) => _inputs.Writer.TryWrite(input);

    private async Task RunAsync()
    {
        await CarryOutAsync().ConfigureAwait(false);
        while (_session.State != SessionState.Ended)
        {
            TimeSpan wait = (_session.NextDeadline ?? TimeSpan.FromMinutes(1)) - _clock.Now;
            if (wait > TimeSpan.Zero && _inputs.Reader.Count == 0)
            {
                using var limit = new CancellationTokenSource(wait, _clock.Provider);
                try
                {
                    await _inputs.Reader.WaitToReadAsync(limit.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    // The deadline came first.
                }
            }

            try
            {
                while (_inputs.Reader.TryRead(out Action<MediaSession, TimeSpan, List<SessionEffect>>? input))
                    input(_session, _clock.Now, _effects);
                _session.HandleDeadline(_clock.Now, _effects);
            }
            catch (Exception e)
            {
                // A bug of ours in one session ends that session alone.
                LogFault(_session.Request.Session, e);
                _session.HandleViewerGone("The session failed by a fault of the server.", _clock.Now, _effects);
            }

            await CarryOutAsync().ConfigureAwait(false);
        }

        _inputs.Writer.TryComplete();
        Notices.Complete();
        // Nobody waits for a session that is over.
        Settle(new SessionOutcome(null, _session.Reason));
    }

    private async Task CarryOutAsync()
    {
        SessionEffect[] effects = [.. _effects];
        _effects.Clear();
        foreach (SessionEffect effect in effects)
        {
            try
            {
                await _carryOut(this, effect).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // One effect that cannot be carried out must not keep the others back, least of all the release of gates.
                LogEffect(effect.GetType().Name, _session.Request.Session, e);
            }
        }
    }

    [LoggerMessage(4700, LogLevel.Critical, "Media session {Session} failed by a fault of this program and is ended.")]
    private partial void LogFault(string session, Exception exception);

    [LoggerMessage(4701, LogLevel.Error, "Effect {Effect} of media session {Session} could not be carried out.")]
    private partial void LogEffect(string effect, string session, Exception exception);
}
