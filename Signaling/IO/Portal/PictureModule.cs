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
    private readonly ConcurrentDictionary<string, Still> _stills = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _waiting = new(StringComparer.Ordinal);
    private readonly HomeRecords _homes;
    private readonly GatewayLinks _links;
    private readonly AccessGate _gate;
    private readonly IStorage _storage;
    private readonly ClipStore _clips;
    private readonly TimeProvider _time;
    private readonly SilentAlarms _silent;
    private readonly IDisposable _events;

    public PictureModule(HomeRecords homes, GatewayLinks links, AccessGate gate, IStorage storage, SilentAlarms silent, SignalingOptions options, string dataFolder, TimeProvider time)
    {
        (_homes, _links, _gate, _storage, _silent, _time) = (homes, links, gate, storage, silent, time);
        _clips = new ClipStore(Path.Combine(dataFolder, "clips"), options.MaxClipBytes, options.ClipQuotaBytes);
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
        if (!_stills.TryGetValue(key, out Still? still) || now - still.Taken > TimeSpan.FromSeconds(age))
        {
            if (_links.Presence(record.Gateway) is not PresenceState.Connected)
                return still is null ? Problem.Of(StatusCodes.Status503ServiceUnavailable, "gateway-offline", "The gateway of the home is out of reach.", "gateway") : Picture(context, still);
            // A picture of the home is a look into it: staff leave a trace.
            await _gate.AskAsync(actor, HomeAction.LookIn, home, camera, PortalGuard.SourceOf(context), $"Still picture of camera {camera}.").ConfigureAwait(false);
            still = await TakeAsync(record.Gateway, camera, key, now).ConfigureAwait(false);
        }

        return still is null ? Problem.Of(StatusCodes.Status504GatewayTimeout, "gateway-timeout", "The gateway gave no picture in time.", "still") : Picture(context, still);
    }

    /// <summary>Asks the gateway once, however many pages wait for the same picture.</summary>
    private async Task<Still?> TakeAsync(string gateway, string camera, string key, DateTimeOffset now)
    {
        string id = $"still-{Guid.NewGuid():N}";
        var mine = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<string> wait = _waiting.GetOrAdd(key, mine);
        if (wait == mine)
        {
            _waiting[id] = mine;
            await _links.SendAsync(gateway, new Instruction
            {
                Id = $"es-{Guid.NewGuid():N}", Time = now, Expires = now + s_patience, Kind = InstructionKinds.ClipRequest, Body = new ClipBody { Id = id, Camera = camera, Type = "image/jpeg" },
            }).ConfigureAwait(false);
        }

        bool came = await Task.WhenAny(wait.Task, Task.Delay(s_patience, _time)).ConfigureAwait(false) == wait.Task;
        _waiting.TryRemove(new KeyValuePair<string, TaskCompletionSource<string>>(key, wait));
        _waiting.TryRemove(id, out _);
        if (!came || _clips.Open(gateway, await wait.Task.ConfigureAwait(false)) is not { } file)
            return _stills.GetValueOrDefault(key);
        using FileStream stream = file;
        using var memory = new MemoryStream();
        await stream.CopyToAsync(memory).ConfigureAwait(false);
        return _stills[key] = new Still(memory.ToArray(), _time.GetUtcNow());
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
        return _storage.Events.ReadGateway(home.Gateway, before, 1000).Where(e => e.Event is { Kind: SmaEventKinds.ClipStored, Body: ClipBody { Type: not "image/jpeg" } } && !SilentAlarms.Tells(e, since)).Take(50).Select(e =>
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

    private static IResult Picture(HttpContext context, Still still)
    {
        context.Response.Headers["X-Taken"] = still.Taken.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        return Results.Bytes(still.Jpeg, "image/jpeg");
    }

    private sealed record Still(byte[] Jpeg, DateTimeOffset Taken);
}
