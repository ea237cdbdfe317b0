using System.Security.Cryptography;
using System.Threading.Channels;
using MediaRelay.Gateway.Home;
using MediaRelay.Gateway.Queue;
using MediaRelay.Gateway.Sensors;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Gateway.Session;

/// <summary>
/// One gateway at work: a mailbox that owns the home core and the queue, and tasks for the network around it.
/// </summary>
/// <remarks>
/// A turn of the mailbox: (1) inputs run, events and begun instructions are appended; (2) one flush makes them durable;
/// (3) only now instructions act, and their results are appended and flushed; (4) effects on devices start and the uploaders wake.
/// So no number is ever used twice, and no instruction acts twice, whatever the moment of a crash.
/// </remarks>
public sealed partial class GatewayRuntime : IDeviceReports, IGatewayMediaReplies, IDisposable
{
    private const int MaxInputs = 256;

    private static readonly TimeSpan s_restart = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_gapPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_trimEvery = TimeSpan.FromMinutes(10);

    private readonly GatewayProfile _profile;
    private readonly IEventQueue _queue;
    private readonly ISmaLink _link;
    private readonly IReadOnlyList<ISensorAdaptor> _adaptors;
    private readonly IGatewayMedia _media;
    private readonly HomeCore _home;
    private readonly TimeProvider _time;
    private readonly GatewayClock _clock;
    private readonly ILogger _logger;
    private readonly Channel<Action> _inputs = Channel.CreateBounded<Action>(new BoundedChannelOptions(4096) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly List<HomeCommand> _commands = [];
    private readonly SortedDictionary<ulong, Instruction> _waiting = [];
    private readonly Dictionary<ulong, SmaFault> _refused = [];
    private readonly List<Instruction> _begun = [];
    private readonly List<Action> _effects = [];
    private readonly SemaphoreSlim _alarmSignal = new(0, 1);
    private readonly SemaphoreSlim _otherSignal = new(0, 1);
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private CancellationToken _stopping;
    private TimeSpan? _gapSince;
    private TimeSpan _trimmed;
    private ulong _firstOfLife;
    private ulong _known;

    /// <summary>Creates the gateway; <see cref="RunAsync"/> starts it.</summary>
    public GatewayRuntime(GatewayProfile profile, IEventQueue queue, ISmaLink link, IReadOnlyList<ISensorAdaptor> adaptors, IGatewayMedia media, TimeProvider time, ILogger logger)
    {
        _profile = profile;
        _queue = queue;
        _link = link;
        _adaptors = adaptors;
        _media = media;
        _time = time;
        _clock = new GatewayClock(time, profile.ClockFloor, profile.IsClockUnset);
        _logger = logger;
        _known = queue.LastEvent;
        _firstOfLife = queue.LastEvent + 1;
        _home = new HomeCore(profile.Devices, profile.Zones, profile.ExitDelay, profile.TimeZone, _commands);
    }

    /// <summary>Events that are not acknowledged.</summary>
    public int Backlog { get; private set; }

    /// <summary>Events that the server has taken.</summary>
    public long Delivered { get; private set; }

    /// <summary>Instructions that were carried out.</summary>
    public long Executed { get; private set; }

    /// <summary>True after a hello was answered, until a request fails.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>Called on the mailbox for every instruction the moment before it acts; for measurements.</summary>
    public Action<Instruction>? InstructionBegun { get; set; }

    /// <summary>The time: the Event Server's once it has told it, else the system's; in 1970 while no clock is set.</summary>
    public DateTimeOffset UtcNow => _clock.UtcNow;

    private TimeSpan Now => _clock.Now;

    /// <summary>Runs until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        _stopping = stopping;
        Restore();
        Task[] work =
        [
            GuardAsync(MailboxAsync), GuardAsync(SessionAsync), GuardAsync(stop => PollAsync(0, stop)), GuardAsync(stop => PollAsync(1, stop)),
            GuardAsync(stop => UploadAsync(true, stop)), GuardAsync(stop => UploadAsync(false, stop)),
            .. _adaptors.Select(adaptor => GuardAsync(stop => adaptor.StartAsync(this, stop))),
        ];
        await Task.WhenAll(work).ConfigureAwait(false);
        _queue.Flush();
    }

    public void Dispose()
    {
        _alarmSignal.Dispose();
        _otherSignal.Dispose();
        _needHello.Dispose();
        _random.Dispose();
    }

    /// <summary>A loop that meets a fault of ours is started again; the others go on.</summary>
    private async Task GuardAsync(Func<CancellationToken, Task> loop)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await loop(_stopping).ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogLoopFault(e, _profile.Id);
                await Task.Delay(s_restart, _stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public void Report(string device, string name, string value) => Post(() => _home.HandleReport(device, name, value, null, UtcNow, Now, _commands));

    public void ReportReachable(string device, bool isReachable) => Post(() => _home.HandleReachable(device, isReachable, UtcNow, _commands));

    public void Send(string kind, MessageBody body, string? cause = null) => Emit(new SmaEvent { Id = "", Seq = 0, Time = UtcNow, Kind = kind, Cause = cause, Body = body });

    /// <summary>Queues an event of the caller's making.</summary>
    public void Emit(SmaEvent draft) => Post(() => _commands.Add(new HomeCommand.Emit(draft)));

    private void Post(Action input)
    {
        if (!_inputs.Writer.TryWrite(input))
            _ = _inputs.Writer.WriteAsync(input, _stopping).AsTask();
    }

    /// <summary>Runs an input on the mailbox and completes when what it appended is durable.</summary>
    private async Task<T> AskAsync<T>(Func<T> input)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _inputs.Writer.WriteAsync(
            () =>
            {
                try
                {
                    T result = input();
                    _effects.Add(() => done.SetResult(result));
                }
                catch (Exception e)
                {
                    // Who asked must not wait for ever; the mailbox tells of the fault.
                    done.TrySetException(e);
                    throw;
                }
            }, _stopping).ConfigureAwait(false);
        await using (_stopping.UnsafeRegister(_ => done.TrySetCanceled(), null).ConfigureAwait(false))
            return await done.Task.ConfigureAwait(false);
    }

    private void Restore()
    {
        foreach (KeyValuePair<string, byte[]> pair in _queue.Kept)
            _home.Restore(pair.Key, pair.Value, Now, _commands);
        _home.Resume(UtcNow, Now, _commands);
        foreach (string id in _queue.Unfinished.Values.ToList())
            _commands.Add(HomeCore.Result(id, new ResultBody("failed", "interrupted", "The gateway stopped while it carried this out; it is not tried again."), UtcNow));
        Turn();
    }

    private async Task MailboxAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            TimeSpan wait = (_gapSince + s_gapPatience is { } gap && gap < _home.NextDeadline ? gap : _home.NextDeadline) - Now;
            if (wait > TimeSpan.Zero)
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                limit.CancelAfter(wait < TimeSpan.FromMinutes(1) ? wait : TimeSpan.FromMinutes(1));
                try
                {
                    await _inputs.Reader.WaitToReadAsync(limit.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    // A deadline came, or the end; both are looked at below.
                }
            }

            for (int i = 0; i < MaxInputs && _inputs.Reader.TryRead(out Action? input); i++)
                Contain(input);
            if (_home.NextDeadline <= Now)
                _home.HandleDeadline(UtcNow, Now, _commands);
            Turn();
        }
    }

    private void Turn()
    {
        BeginInstructions();
        Carry();
        _queue.Flush();
        foreach (Instruction instruction in _begun)
        {
            if (_refused.Remove(instruction.Seq, out SmaFault fault))
            {
                _commands.Add(HomeCore.Result(instruction.Id, new ResultBody("failed", fault.Code, fault.Text), UtcNow));
                continue;
            }

            InstructionBegun?.Invoke(instruction);
            if (instruction.Kind == InstructionKinds.TimeHint)
                HandleTimeHint(instruction);
            if (!Contain(() => _home.HandleInstruction(instruction, UtcNow, Now, _commands)))
                _commands.Add(HomeCore.Result(instruction.Id, new ResultBody("failed", "internal", "The gateway met a fault of its own."), UtcNow));
            Executed++;
        }

        if (_begun.Count > 0)
        {
            _begun.Clear();
            Carry();
            _queue.Flush();
        }

        if (Now - _trimmed > s_trimEvery || _queue.IsOverfull)
        {
            _trimmed = Now;
            _queue.Trim(UtcNow);
        }

        Backlog = _queue.Events.Count;
        foreach (Action effect in _effects)
            effect();
        _effects.Clear();
    }

    /// <summary>One message that meets a fault of ours must not stop the others.</summary>
    private bool Contain(Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (Exception e)
        {
            LogLoopFault(e, _profile.Id);
            return false;
        }
    }

    /// <summary>
    /// Begins what is next in order. A number that is missing is on its way in the other GET or comes again, so it is never passed over here:
    /// what the gateway acknowledges the server deletes. When it stays away, a hello asks the server for what it has. Nothing begins
    /// before the server has told its time, because whether an instruction is still wanted is judged by that.
    /// </summary>
    private void BeginInstructions()
    {
        if (!_clock.IsServerTime)
            return;
        while (_waiting.Count > 0)
        {
            KeyValuePair<ulong, Instruction> next = _waiting.First();
            if (next.Key > _queue.Instructions.Contiguous + 1)
            {
                _gapSince ??= Now;
                if (Now - _gapSince < s_gapPatience)
                    return;
                _gapSince = Now;
                Wake(_needHello);
                return;
            }

            _waiting.Remove(next.Key);
            _gapSince = null;
            if (_queue.Instructions.Contains(next.Key))
                continue;
            // A server that was set back numbers anew what it does not know to be done.
            if (_queue.WasBegun(next.Value.Id))
                _refused[next.Key] = new SmaFault("repeated", 0, "This was begun before under another number; it is not done again.");
            _queue.Begin(next.Key, next.Value.Id);
            _begun.Add(next.Value);
        }

        _gapSince = null;
    }

    private void Carry()
    {
        foreach (HomeCommand command in _commands)
        {
            switch (command)
            {
                case HomeCommand.Emit emit:
                    Append(emit.Draft);
                    break;
                case HomeCommand.Keep keep:
                    _queue.Keep(keep.Key, keep.Value);
                    break;
                case HomeCommand.AddDevice add:
                    Adaptor(add.Device)?.Add(add.Device);
                    break;
                case HomeCommand.RemoveDevice remove:
                    Adaptor(remove.Device)?.Remove(remove.Device.Ref);
                    break;
                case HomeCommand.SetProperty set:
                    _effects.Add(() => _ = SetAsync(set));
                    break;
                case HomeCommand.Media media:
                    _effects.Add(() => _ = MediaAsync(media));
                    break;
                case HomeCommand.Provision provision:
                    _effects.Add(() => _ = ProvisionAsync(provision.Instruction));
                    break;
            }
        }

        _commands.Clear();
    }

    private void Append(SmaEvent draft)
    {
        // A time says by itself whether it was taken without a clock, and then it is the time since the start.
        SmaEvent message = _queue.Append(GatewayClock.IsUnset(draft.Time) ? draft with { IsClockUnset = true, Monotonic = draft.Time - DateTimeOffset.UnixEpoch } : draft);
        if (message is { Kind: SmaEventKinds.InstructionResult, Cause: { } cause })
            _queue.Finish(cause);
        SemaphoreSlim signal = message.Priority == EventPriority.Alarm ? _alarmSignal : _otherSignal;
        _effects.Add(() => Wake(signal));
    }

    private ISensorAdaptor? Adaptor(DeviceBody device) => _adaptors.FirstOrDefault(adaptor => adaptor.Protocol == (device.Protocol ?? "simulated"));

    private async Task SetAsync(HomeCommand.SetProperty set)
    {
        var done = new List<DeviceProperty>();
        var failures = new List<string>();
        foreach (DeviceProperty property in set.Properties)
        {
            if (await SetAsync(set.Device, property).ConfigureAwait(false) is not { } failure)
                done.Add(property);
            else
                failures.Add(set.Properties.Count == 1 ? failure : $"{property.Name}: {failure}");
        }

        Post(() =>
        {
            foreach (DeviceProperty property in done)
            {
                if (set.Cause is not null)
                    _home.HandleReport(set.Device.Ref, property.Name, property.Value, set.Cause, UtcNow, Now, _commands);
            }

            HomeCore.HandleSet(set, failures.Count == 0 ? null : string.Join(' ', failures), UtcNow, _commands);
        });
    }

    private async Task<string?> SetAsync(DeviceBody device, DeviceProperty property)
    {
        if (Adaptor(device) is not { } adaptor)
            return "No adaptor speaks to this device.";
        try
        {
            return await adaptor.SetAsync(device.Ref, property.Name, property.Value, _stopping).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A fault of one adaptor is a failed instruction, not the end of the gateway.
            LogAdaptorFault(e, _profile.Id, device.Ref);
            return "The adaptor failed.";
        }
    }

    private async Task MediaAsync(HomeCommand.Media media)
    {
        Instruction instruction = media.Instruction;
        ResultBody result;
        try
        {
            result = await _media.HandleAsync(instruction, this, _stopping).ConfigureAwait(false) ?? new ResultBody("done");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A fault of the media side is a failed instruction, not the end of the gateway.
            LogMediaFault(e, _profile.Id, instruction.Kind);
            result = new ResultBody("failed", "media", "The media side failed.");
        }

        Post(() =>
        {
            if (media.Directive is null)
                _commands.Add(HomeCore.Result(instruction.Id, result, UtcNow));
            else if (result.Outcome != "done")
                _commands.Add(HomeCore.Trouble(media.Directive, result.Text, UtcNow));
        });
    }

    private static void Wake(SemaphoreSlim signal)
    {
        if (signal.CurrentCount == 0)
        {
            try
            {
                signal.Release();
            }
            catch (SemaphoreFullException)
            {
                // It was woken in the same moment.
            }
        }
    }
}
