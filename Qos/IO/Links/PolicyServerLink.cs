using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Journal;
using MediaRelay.Qos.Pcmm;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Qos.IO.Links;

/// <summary>
/// The application manager on a real socket: one connection to one of the policy servers, the journal, and the events. In every batch
/// the journal is made durable before the bytes leave that depend on it.
/// </summary>
public sealed partial class PolicyServerLink : IApplicationManager, IAsyncDisposable
{
    private readonly Loop _loop;

    /// <param name="settings">Who the application manager is.</param>
    /// <param name="servers">Policy servers, tried in order.</param>
    /// <param name="journal">Where gates are written before they are set.</param>
    /// <param name="security">TLS of the link, or null.</param>
    public PolicyServerLink(
        ApplicationManagerSettings settings, IReadOnlyList<IPEndPoint> servers, IGateJournal journal, TimeProvider clock, ILogger<PolicyServerLink> logger, LinkSecurity? security = null) =>
        _loop = new Loop(settings with { PolicyServers = servers.Count }, servers, journal, clock, logger, security);

    public bool IsConnected => _loop.Engine is { IsOpen: true };

    /// <summary>Zero until started.</summary>
    public ManagerCounters Counters => _loop.Engine?.Counters ?? Loop.NoCounters;

    public int GateCount => _loop.Engine?.GateCount ?? 0;

    /// <summary>Reads the journal and begins.</summary>
    public Task StartAsync(CancellationToken cancellation) => _loop.BeginAsync(cancellation);

    public Task<IReadOnlyList<GateHandle>> RequestGatesAsync(string session, IReadOnlyList<GateRequest> requests) =>
        _loop.Ask((e, now, commands) => e.RequestGates(session, requests, now, commands));

    public Task ModifyGateAsync(GateHandle gate, GateRequest request) => _loop.Do((e, now, commands) => e.ModifyGate(gate, request, now, commands));

    public Task RefreshGateAsync(GateHandle gate) => _loop.Do((e, now, commands) => e.RefreshGate(gate, now, commands));

    public Task ReleaseGatesAsync(string session) => _loop.Do((e, now, commands) => e.ReleaseGates(session, now, commands));

    public Task ReleaseGateAsync(GateHandle gate) => _loop.Do((e, now, commands) => e.ReleaseGate(gate, now, commands));

    public Task AdoptGatesAsync(string session) => _loop.Do((e, _, _) => e.AdoptGates(session));

    public Task<IReadOnlyList<(GateHandle Handle, string Session, GateId Gate, SubscriberId Subscriber, GateState State)>> SnapshotAsync() =>
        _loop.Ask<IReadOnlyList<(GateHandle, string, GateId, SubscriberId, GateState)>>((e, _, _) => [.. e.Snapshot()]);

    public IDisposable Subscribe(Action<GateEvent> handler) => _loop.Subscribe(handler);

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private sealed partial class Loop(ApplicationManagerSettings settings, IReadOnlyList<IPEndPoint> servers, IGateJournal journal, TimeProvider clock, ILogger logger, LinkSecurity? security)
        : EngineLoop(clock, logger, security)
    {
        public static readonly ManagerCounters NoCounters = new();
        private static readonly TimeSpan JournalRetry = TimeSpan.FromSeconds(1);
        private readonly List<ManagerCommand> _commands = [];
        private readonly List<GateJournalEntry> _writes = [];
        private readonly List<GateHandle> _removals = [];
        private ImmutableArray<Action<GateEvent>> _handlers = [];
        private (IReadOnlyList<string> Sessions, IReadOnlyList<GateEvent> Outcomes)? _waiting;

        public ApplicationManager? Engine { get; private set; }

        protected override TimeSpan? NextDeadline => Engine!.NextDeadline;

        public async Task BeginAsync(CancellationToken cancellation)
        {
            IReadOnlyList<GateJournalEntry> entries = await journal.LoadAsync(cancellation).ConfigureAwait(false);
            Engine = new ApplicationManager(settings, entries, RandomNumberGenerator.Create());
            Run();
            await Do((e, now, commands) => e.Start(now, commands)).ConfigureAwait(false);
        }

        public Task<T> Ask<T>(Func<ApplicationManager, TimeSpan, List<ManagerCommand>, T> function) => AskAsync(() => function(Engine!, Now, _commands));

        public Task Do(Action<ApplicationManager, TimeSpan, List<ManagerCommand>> action) => PostAsync(() => action(Engine!, Now, _commands)).AsTask();

        public IDisposable Subscribe(Action<GateEvent> handler)
        {
            ImmutableInterlocked.Update(ref _handlers, static (list, added) => list.Add(added), handler);
            return new Subscription(this, handler);
        }

        protected override ReadOnlySpan<byte> PendingOutput(int link) => Engine!.PendingOutput;

        protected override void ConsumeOutput(int link, int count) => Engine!.ConsumeOutput(count);

        protected override void OnReceived(int link, ReadOnlySpan<byte> bytes, TimeSpan now) => Engine!.HandleReceived(bytes, now, _commands);

        protected override void OnAccepted(int link, string peer, TimeSpan now) => throw new InvalidOperationException("An application manager does not listen.");

        protected override void OnConnected(int link, TimeSpan now) => Engine!.HandleConnected(now);

        protected override void OnConnectFailed(int link, TimeSpan now) => Engine!.HandleConnectFailed(now);

        protected override void OnClosed(int link, TimeSpan now) => Engine!.HandleClosed(now, _commands);

        protected override void OnWritable(int link, TimeSpan now)
        {
        }

        protected override void OnDeadline(TimeSpan now) => Engine!.HandleDeadline(now, _commands);

        protected override void OnStopping() => Engine?.ShutDown(_commands);

        protected override async ValueTask CarryOutAsync()
        {
            int from = 0, until;
            do
            {
                until = _commands.Count;
                for (int i = from; i < until; i++)
                {
                    if (_commands[i] is ManagerCommand.Write write) Write(write.Entry);
                    else if (_commands[i] is ManagerCommand.Remove remove) Remove(remove.Handle);
                }
                // What is not durable must not be sent: while the disk refuses, requests run into their deadline.
                if (await TryCommitAsync().ConfigureAwait(false)) SendContained();
                for (; from < until; from++) CarryOut(_commands[from]);
            }
            while (_commands.Count > until); // A link that closed meanwhile had something to say.
            _commands.Clear();
        }

        /// <summary>The journal is read again. Sessions keep their gates, and what was still waiting for an answer has one.</summary>
        protected override async ValueTask RenewAsync()
        {
            (IReadOnlyList<string> sessions, IReadOnlyList<GateEvent> outcomes) = _waiting ??= Engine!.GiveUp();
            _commands.Clear();
            _writes.Clear();
            _removals.Clear();
            var engine = new ApplicationManager(settings, await journal.LoadAsync(Stopping).ConfigureAwait(false), RandomNumberGenerator.Create());
            Engine = engine;
            _waiting = null;
            engine.Start(Now, _commands);
            foreach (string session in sessions) engine.AdoptGates(session);
            foreach (GateEvent outcome in outcomes) Tell(outcome);
        }

        private void SendContained()
        {
            try
            {
                Send(0);
            }
            catch (Exception fault) // It costs the connection; the engine dials again.
            {
                Contain(fault, 0);
            }
        }

        private void CarryOut(ManagerCommand command)
        {
            switch (command)
            {
                case ManagerCommand.Connect connect: Dial(0, servers[connect.PolicyServer]); break;
                case ManagerCommand.Close: CloseAfterSending(0); break;
                case ManagerCommand.Notify notify: Tell(notify.Event); break;
            }
        }

        private async ValueTask<bool> TryCommitAsync()
        {
            if (_writes.Count + _removals.Count == 0) return true;
            try
            {
                await journal.CommitAsync(_writes, _removals, Stopping).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                LogJournalFailed(Logger, fault.Message);
                _ = Task.Delay(JournalRetry, Clock, Stopping).ContinueWith(_ => PostAsync(static () => { }).AsTask(), Stopping, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
                return false;
            }
            _writes.Clear();
            _removals.Clear();
            return true;
        }

        private void Write(GateJournalEntry entry)
        {
            _removals.Remove(entry.Handle);
            _writes.Add(entry);
        }

        /// <summary>An entry written and removed in the same batch was sent and is gone: only its removal is left to say.</summary>
        private void Remove(GateHandle handle)
        {
            _writes.RemoveAll(w => w.Handle == handle);
            _removals.Add(handle);
        }

        private void Tell(GateEvent happened)
        {
            foreach (Action<GateEvent> handler in _handlers)
            {
                try
                {
                    handler(happened);
                }
                catch (Exception fault) // One session's fault is not the others'.
                {
                    LogListenerFailed(Logger, fault, happened.Kind, happened.Session);
                }
            }
        }

        private sealed class Subscription(Loop loop, Action<GateEvent> handler) : IDisposable
        {
            public void Dispose() => ImmutableInterlocked.Update(ref loop._handlers, static (list, removed) => list.Remove(removed), handler);
        }
    }
}
