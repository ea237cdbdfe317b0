using System.Collections.Concurrent;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Still pictures on demand, and clips that were stored.</summary>
internal sealed class PictureModule : IPortalModule, IDisposable
{
    private const int MaxCameras = 4096;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(6);
    private readonly StillCache _stills = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _waiting = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Gateway, string Clip), string> _cameras = new();
    private readonly HomeRecords _homes;
    private readonly GatewayLinks _links;
    private readonly AccessGate _gate;
    private readonly IStorage _storage;
    private readonly ClipStore _clips;
    private readonly TimeProvider _time;
    private readonly PortalSessions _sessions;
    private readonly StillLog _log;
    private readonly SilentAlarms _silent;
    private readonly IDisposable _events;

    public PictureModule(HomeRecords homes, GatewayLinks links, AccessGate gate, IStorage storage, PortalSessions sessions, StillLog log, SilentAlarms silent, ClipStore clips, TimeProvider time)
    {
        (_homes, _links, _gate, _storage, _sessions, _log, _silent, _clips, _time) = (homes, links, gate, storage, sessions, log, silent, clips, time);
        _events = links.OnEvents(HandleEvents);
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/homes/{home}/cameras/{camera}/still", StillAsync).WithSummary("A still picture, at most max-age seconds old.");
        routes.MapGet("/api/homes/{home}/clips", ListAsync).WithSummary("Clips of a home that the asker may see, newest first.");
        routes.MapGet("/api/clips/{gateway}/{id}", ClipAsync).WithSummary("One clip; ranges are served.");
        routes.MapDelete("/api/clips/{gateway}/{id}", RemoveAsync).WithSummary("Remove a clip before its time; an alarm's clip stays while an alarm of the home is not closed.");
    }

    public void Dispose() => _events.Dispose();

    private async Task<IResult> StillAsync(HttpContext context, string home, string camera, [FromQuery(Name = "max-age")] double? maxAge)
    {
        Actor actor = PortalGuard.ActorOf(context);
        if (HomeModule.NeedsSecondFactor(context, _sessions) is { } factor)
            return factor;
        // A picture of the home is a look into it, whether it is taken now or was before.
        AccessDecision decision = await _gate.AskAsync(actor, HomeAction.LookIn, home, camera, PortalGuard.SourceOf(context), $"Still picture of camera {camera}.").ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        if (_homes.Find(home) is not { } record || record.Devices.All(d => d.Ref != camera || d.Type != "camera"))
            return Problem.Of(StatusCodes.Status404NotFound, "camera-unknown", $"The home has no camera {camera}.", "camera");
        double age = maxAge is { } given && !double.IsNaN(given) ? Math.Clamp(given, 1, 3600) : 10;
        DateTimeOffset now = _time.GetUtcNow();
        string key = $"{record.Gateway}/{camera}";
        Still? still = _stills.Find(key);
        if (still is null || now - still.Taken > TimeSpan.FromSeconds(age))
        {
            if (_links.Presence(record.Gateway) is not PresenceState.Connected)
            {
                if (still is null)
                    return Problem.Of(StatusCodes.Status503ServiceUnavailable, "gateway-offline", "The gateway of the home is out of reach.", "gateway");
            }
            else
            {
                try
                {
                    still = await TakeAsync(record.Gateway, camera, key, now).ConfigureAwait(false);
                }
                catch (StorageException e)
                {
                    return Problem.Of(StatusCodes.Status503ServiceUnavailable, e.IsQueueFull ? "queue-full" : "storage", e.IsQueueFull ? e.Message : "The picture could not be asked for, because the request could not be stored.", "still");
                }
            }
        }

        if (still is null)
            return Problem.Of(StatusCodes.Status504GatewayTimeout, "gateway-timeout", "The gateway gave no picture in time.", "still");
        await _log.NoteAsync(actor, home, camera, decision, _time.GetUtcNow()).ConfigureAwait(false);
        return Picture(context, still);
    }

    /// <summary>Asks the gateway once, however many pages wait for the same picture.</summary>
    private async Task<Still?> TakeAsync(string gateway, string camera, string key, DateTimeOffset now)
    {
        string id = $"{ClipStore.StillPrefix}{Guid.NewGuid():N}";
        var mine = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<string> wait = _waiting.GetOrAdd(key, mine);
        try
        {
            if (wait == mine)
            {
                _waiting[id] = mine;
                await _links.SendAsync(gateway, new Instruction
                {
                    Id = $"es-{Guid.NewGuid():N}", Time = now, Expires = now + s_patience, Kind = InstructionKinds.ClipRequest, Body = new ClipBody { Id = id, Camera = camera, Type = "image/jpeg" },
                }).ConfigureAwait(false);
            }

            if (await Task.WhenAny(wait.Task, Task.Delay(s_patience, _time)).ConfigureAwait(false) != wait.Task)
                return _stills.Find(key);
        }
        finally
        {
            _waiting.TryRemove(new KeyValuePair<string, TaskCompletionSource<string>>(key, wait));
            _waiting.TryRemove(id, out _);
            // When nothing was sent, nobody else need wait for it.
            if (wait == mine)
                mine.TrySetResult("");
        }

        string clip = await wait.Task.ConfigureAwait(false);
        if (_clips.Open(gateway, clip) is not { } file)
            return _stills.Find(key);
        using (FileStream stream = file)
        {
            byte[] jpeg = new byte[stream.Length];
            await stream.ReadExactlyAsync(jpeg).ConfigureAwait(false);
            Still still = _stills.Keep(key, new Still(jpeg, _time.GetUtcNow()));
            _clips.Remove(gateway, clip);
            return still;
        }
    }

    private void HandleEvents(IReadOnlyList<StoredEvent> stored)
    {
        foreach (StoredEvent one in stored)
        {
            if (one.Event is { Kind: SmaEventKinds.ClipStored, Body: ClipBody clip } && _waiting.TryGetValue(clip.Id, out TaskCompletionSource<string>? wait))
                wait.TrySetResult(clip.Id);
        }
    }

    private async Task<IResult> ListAsync(HttpContext context, string home, long? before)
    {
        Actor actor = PortalGuard.ActorOf(context);
        if (HomeModule.NeedsSecondFactor(context, _sessions) is { } factor)
            return factor;
        HomeRecord? record = _homes.Find(home);
        // Each camera has its rule; who may see clips of one sees a list of those.
        string? first = record?.Devices.FirstOrDefault(d => d.Type == "camera" && MaySee(d.Ref))?.Ref;
        AccessDecision decision = await _gate.AskToReadAsync(actor, HomeAction.ViewClips, home, first, PortalGuard.SourceOf(context), "List the clips.").ConfigureAwait(false);
        return !decision.IsAllowed ? Problem.Refused(decision.Reason)
            : record is null ? Problem.Unknown("There is no such home.")
            : Results.Json(new { clips = Clips(record, before, actor.Role, MaySee) });

        bool MaySee(string? camera) => _gate.Peek(actor, HomeAction.ViewClips, home, camera).IsAllowed;
    }

    private IEnumerable<object> Clips(HomeRecord home, long? before, ActorRole role, Func<string?, bool> maySee)
    {
        DateTimeOffset? since = SilentAlarms.MayKnow(role) ? null : _silent.Since(home.Id);
        return _storage.Events.ReadGateway(home.Gateway, before, 1000).Where(e => e.Event is { Kind: SmaEventKinds.ClipStored, Body: ClipBody { Type: not "image/jpeg" } clip } && maySee(clip.Camera) && !SilentAlarms.Tells(e, since) && _clips.Status(home.Gateway, clip.Id).IsComplete).Take(50).Select(e =>
        {
            var clip = (ClipBody)e.Event.Body!;
            return (object)new { id = clip.Id, gateway = home.Gateway, camera = clip.Camera, from = clip.From, to = clip.To, at = e.Event.Time, type = clip.Type, size = clip.Size, url = $"/api/clips/{home.Gateway}/{clip.Id}" };
        });
    }

    private async Task<IResult> ClipAsync(HttpContext context, string gateway, string id)
    {
        string? home = _storage.Gateways.Find(gateway)?.Home;
        if (home is not { Length: > 0 } || !SmaContract.IsId(id))
            return Problem.Unknown("There is no such clip.");
        if (HomeModule.NeedsSecondFactor(context, _sessions) is { } factor)
            return factor;
        Actor actor = PortalGuard.ActorOf(context);
        // Only who rests on an alarm is held to the owner's rule of the camera.
        string? camera = actor.Role is ActorRole.HomeOwner or ActorRole.Guest ? null : CameraOf(gateway, id);
        AccessDecision decision = await _gate.AskAsync(actor, HomeAction.ViewClips, home, camera, PortalGuard.SourceOf(context), $"Clip {id}{(camera is null ? "" : $" of camera {camera}")}.").ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        return _clips.Open(gateway, id) is { } file ? Results.Stream(file, "video/mp4", enableRangeProcessing: true) : Problem.Unknown("There is no such clip.");
    }

    /// <summary>The camera that the gateway named when it stored the clip; null when the journal does not know (any more).</summary>
    private string? CameraOf(string gateway, string id)
    {
        if (_cameras.TryGetValue((gateway, id), out string? known))
            return known;
        long? before = null;
        while (_storage.Events.ReadGateway(gateway, before, 1000) is { Count: > 0 } page)
        {
            if (page.FirstOrDefault(e => e.Event is { Kind: SmaEventKinds.ClipStored, Body: ClipBody clip } && clip.Id == id)?.Event.Body is ClipBody { Camera: { } camera })
            {
                if (_cameras.Count >= MaxCameras)
                    _cameras.Clear();
                return _cameras[(gateway, id)] = camera;
            }

            before = page[^1].Position;
        }

        return null;
    }

    private async Task<IResult> RemoveAsync(HttpContext context, string gateway, string id)
    {
        Actor actor = PortalGuard.ActorOf(context);
        string? home = _storage.Gateways.Find(gateway)?.Home;
        if (home is not { Length: > 0 } || !SmaContract.IsId(id))
            return Problem.Unknown("There is no such clip.");
        AccessDecision decision = await _gate.AskAsync(actor, HomeAction.ConfigureHome, home, null, PortalGuard.SourceOf(context), $"Remove clip {id}.").ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        if (_clips.IsAlarm(gateway, id) && _homes.Incidents(home, open: true).Any(i => !i.IsSilent || SilentAlarms.MayKnow(actor.Role)))
            return Problem.Of(StatusCodes.Status409Conflict, "clip-in-use", "The clip shows an alarm, and an alarm of the home is not closed yet. Remove it afterwards.");
        return _clips.Remove(gateway, id) ? Results.NoContent() : Problem.Unknown("There is no such clip.");
    }

    private static IResult Picture(HttpContext context, Still still)
    {
        context.Response.Headers["X-Taken"] = still.Taken.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        return Results.Bytes(still.Jpeg, "image/jpeg");
    }
}
