using System.Collections.Concurrent;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Still pictures on demand, and clips that were stored.</summary>
internal sealed class PictureModule : IPortalModule, IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(6);
    private readonly StillCache _stills = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _waiting = new(StringComparer.Ordinal);
    private readonly HomeRecords _homes;
    private readonly GatewayLinks _links;
    private readonly AccessGate _gate;
    private readonly IStorage _storage;
    private readonly ClipStore _clips;
    private readonly TimeProvider _time;
    private readonly SilentAlarms _silent;
    private readonly IDisposable _events;

    public PictureModule(HomeRecords homes, GatewayLinks links, AccessGate gate, IStorage storage, SilentAlarms silent, ClipStore clips, TimeProvider time)
    {
        (_homes, _links, _gate, _storage, _silent, _clips, _time) = (homes, links, gate, storage, silent, clips, time);
        _events = links.OnEvents(HandleEvents);
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/homes/{home}/cameras/{camera}/still", StillAsync).WithSummary("A still picture, at most max-age seconds old.");
        routes.MapGet("/api/homes/{home}/clips", (HttpContext c, string home, long? before) =>
            _gate.Peek(PortalGuard.ActorOf(c), HomeAction.ViewClips, home) is { IsAllowed: false } refused ? Problem.Refused(refused.Reason)
            : _homes.Find(home) is not { } record ? Problem.Unknown("There is no such home.")
            : Results.Json(new { clips = Clips(record, before, PortalGuard.ActorOf(c).Role) })).WithSummary("Clips of a home, newest first.");
        routes.MapGet("/api/clips/{gateway}/{id}", ClipAsync).WithSummary("One clip; ranges are served.");
        routes.MapDelete("/api/clips/{gateway}/{id}", RemoveAsync).WithSummary("Remove a clip before its time; an alarm's clip stays while an alarm of the home is not closed.");
    }

    public void Dispose() => _events.Dispose();

    private async Task<IResult> StillAsync(HttpContext context, string home, string camera)
    {
        Actor actor = PortalGuard.ActorOf(context);
        if (_gate.Peek(actor, HomeAction.LookIn, home, camera) is { IsAllowed: false } refused)
            return Problem.Refused(refused.Reason);
        if (_homes.Find(home) is not { } record || record.Devices.All(d => d.Ref != camera || d.Type != "camera"))
            return Problem.Of(StatusCodes.Status404NotFound, "camera-unknown", $"The home has no camera {camera}.", "camera");
        double age = double.TryParse(context.Request.Query["max-age"], System.Globalization.CultureInfo.InvariantCulture, out double given) ? Math.Clamp(given, 1, 3600) : 10;
        DateTimeOffset now = _time.GetUtcNow();
        string key = $"{record.Gateway}/{camera}";
        Still? still = _stills.Find(key);
        if (still is null || now - still.Taken > TimeSpan.FromSeconds(age))
        {
            if (_links.Presence(record.Gateway) is not PresenceState.Connected)
                return still is null ? Problem.Of(StatusCodes.Status503ServiceUnavailable, "gateway-offline", "The gateway of the home is out of reach.", "gateway") : Picture(context, still);
            // A picture of the home is a look into it: staff leave a trace.
            await _gate.AskAsync(actor, HomeAction.LookIn, home, camera, PortalGuard.SourceOf(context), $"Still picture of camera {camera}.").ConfigureAwait(false);
            try
            {
                still = await TakeAsync(record.Gateway, camera, key, now).ConfigureAwait(false);
            }
            catch (StorageException e)
            {
                return Problem.Of(StatusCodes.Status503ServiceUnavailable, e.IsQueueFull ? "queue-full" : "storage", e.IsQueueFull ? e.Message : "The picture could not be asked for, because the request could not be stored.", "still");
            }
        }

        return still is null ? Problem.Of(StatusCodes.Status504GatewayTimeout, "gateway-timeout", "The gateway gave no picture in time.", "still") : Picture(context, still);
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

    private IEnumerable<object> Clips(HomeRecord home, long? before, ActorRole role)
    {
        DateTimeOffset? since = SilentAlarms.MayKnow(role) ? null : _silent.Since(home.Id);
        return _storage.Events.ReadGateway(home.Gateway, before, 1000).Where(e => e.Event is { Kind: SmaEventKinds.ClipStored, Body: ClipBody { Type: not "image/jpeg" } } && !SilentAlarms.Tells(e, since) && _clips.Status(home.Gateway, ((ClipBody)e.Event.Body!).Id).IsComplete).Take(50).Select(e =>
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
        AccessDecision decision = await _gate.AskAsync(PortalGuard.ActorOf(context), HomeAction.ViewClips, home, null, PortalGuard.SourceOf(context), $"Clip {id}.").ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        return _clips.Open(gateway, id) is { } file ? Results.Stream(file, "video/mp4", enableRangeProcessing: true) : Problem.Unknown("There is no such clip.");
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
