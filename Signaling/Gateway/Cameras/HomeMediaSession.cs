using System.Globalization;
using MediaRelay.Gateway.Session;
using MediaRelay.Media.IO;
using MediaRelay.Media.IO.Cameras;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Gateway.Cameras;

/// <summary>One viewer of one camera: an endpoint that answers the server's offer, reports how it goes, and ends by itself when nobody refreshes it.</summary>
internal sealed partial class HomeMediaSession : IDisposable
{
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_batch = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_watch = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(10);

    private readonly MediaEndpoint _endpoint;
    private readonly IGatewayMediaReplies _replies;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<string> _removed;
    private readonly string _session;
    private readonly string? _camera;
    private readonly TimeSpan _life;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopping;
    private readonly Lock _lock = new();
    private readonly List<MediaCandidate> _pending = [];
    private bool _answered;
    private bool _sending;
    private bool _gathered;
    private bool _ended;
    private long _refreshed;
    private string _path = "";

    public HomeMediaSession(MediaHost host, MediaBody offer, MediaSource source, ITalkBack? talkBack, IGatewayMediaReplies replies, TimeProvider time, ILogger logger, Action<string> removed)
    {
        (_session, _camera, _replies, _time, _logger, _removed) = (offer.Session, offer.Camera, replies, time, logger, removed);
        _stopping = _stop.Token;
        _life = offer.TimeToLive ?? TimeSpan.FromMinutes(1);
        _refreshed = time.GetTimestamp();
        _endpoint = host.CreateEndpoint(new MediaEndpointSettings
        {
            Name = offer.Session,
            Source = source,
            ReceiveAudio = true,
            TalkBack = talkBack,
            IceServers = [.. offer.Relays.Select(r => new EndpointIceServer(r.Url, r.Username, r.Credential))],
        });
        _endpoint.CandidateFound += HandleCandidate;
        _endpoint.StateChanged += HandleState;
    }

    /// <summary>Answers the offer. Candidates that are there within a moment stand in the answer, later ones follow.</summary>
    public async Task StartAsync(MediaBody offer, string cause)
    {
        try
        {
            Task<string> answering = _endpoint.CreateAnswerAsync(offer.Sdp!, waitForCandidates: false, _stopping);
            string answer = await answering.ConfigureAwait(false);
            if (!_endpoint.Gathered.IsCompleted)
                await Task.WhenAny(_endpoint.Gathered, Task.Delay(s_gather, _time, _stopping)).ConfigureAwait(false);
            Tell(SmaEventKinds.MediaAnswer, new MediaBody { Session = _session, Camera = _camera, Sdp = answer, Candidates = TakePending(out bool end), EndOfCandidates = end ? true : null }, cause);
            await AddCandidatesAsync(offer).ConfigureAwait(false);
            _ = WatchAsync();
        }
        catch (Exception e) when (e is MediaNegotiationException or OperationCanceledException or ObjectDisposedException)
        {
            Tell(SmaEventKinds.MediaAnswer, new MediaBody { Session = _session, Camera = _camera, Reason = ReasonOf(e), Detail = Short(e.Message) }, cause);
            await EndAsync(e.Message, tell: false).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // A bug of ours in one session must not end the home's other sessions.
            LogFailed(_session, e);
            Tell(SmaEventKinds.MediaAnswer, new MediaBody { Session = _session, Camera = _camera, Reason = "internal", Detail = "The gateway failed by a fault of its program." }, cause);
            await EndAsync("internal fault", tell: false).ConfigureAwait(false);
        }
    }

    /// <summary>Answers a later offer: an ICE restart.</summary>
    public async Task RestartAsync(MediaBody offer, string cause)
    {
        Refresh();
        try
        {
            string answer = await _endpoint.CreateAnswerAsync(offer.Sdp!, waitForCandidates: false, _stopping).ConfigureAwait(false);
            Tell(SmaEventKinds.MediaAnswer, new MediaBody { Session = _session, Camera = _camera, Sdp = answer }, cause);
        }
        catch (Exception e) when (e is MediaNegotiationException or OperationCanceledException or ObjectDisposedException)
        {
            Tell(SmaEventKinds.MediaAnswer, new MediaBody { Session = _session, Camera = _camera, Reason = ReasonOf(e), Detail = Short(e.Message) }, cause);
        }
    }

    public async Task AddCandidatesAsync(MediaBody body)
    {
        Refresh();
        foreach (MediaCandidate candidate in body.Candidates)
            await _endpoint.AddCandidateAsync(candidate.Text).ConfigureAwait(false);
        if (body.EndOfCandidates == true)
            await _endpoint.AddCandidateAsync(null).ConfigureAwait(false);
    }

    public async Task EndAsync(string reason, bool tell)
    {
        lock (_lock)
        {
            if (_ended)
                return;
            _ended = true;
        }

        _removed(_session);
        await _stop.CancelAsync().ConfigureAwait(false);
        if (tell)
            Tell(SmaEventKinds.MediaState, new MediaBody { Session = _session, Camera = _camera, State = "ended", Reason = "ended", Detail = Short(reason) });
        await _endpoint.DisposeAsync().ConfigureAwait(false);
        Dispose();
        LogEnded(_session, reason);
    }

    public void Dispose() => _stop.Dispose();

    private void Refresh() => Volatile.Write(ref _refreshed, _time.GetTimestamp());

    private void HandleCandidate(string? candidate)
    {
        lock (_lock)
        {
            if (candidate is null)
                _gathered = true;
            else
                _pending.Add(new MediaCandidate(candidate, "0", 0));
            if (!_answered || _sending || _ended)
                return;
            _sending = true;
        }

        _ = SendSoonAsync();
    }

    /// <summary>Candidates come in bursts; one event carries those of a moment.</summary>
    private async Task SendSoonAsync()
    {
        await Task.Delay(s_batch, _time).ConfigureAwait(false);
        MediaCandidate[] candidates = TakePending(out bool end);
        if (candidates.Length > 0 || end)
            Tell(SmaEventKinds.MediaCandidate, new MediaBody { Session = _session, Camera = _camera, Candidates = candidates, EndOfCandidates = end ? true : null });
    }

    private MediaCandidate[] TakePending(out bool end)
    {
        lock (_lock)
        {
            _answered = true;
            _sending = false;
            end = _gathered;
            MediaCandidate[] taken = [.. _pending.Take(40)];
            _pending.Clear();
            return taken;
        }
    }

    private void HandleState(MediaEndpointState state, string? reason)
    {
        string? word = state switch
        {
            MediaEndpointState.Connecting => "connecting",
            MediaEndpointState.Connected => "connected",
            MediaEndpointState.Disconnected => "disconnected",
            MediaEndpointState.Failed => "failed",
            MediaEndpointState.Closed => null,
            _ => null,
        };
        if (word is null)
        {
            if (state == MediaEndpointState.Closed)
                _ = Task.Run(() => EndAsync(reason ?? "closed by the viewer", tell: true));
            return;
        }

        _ = Task.Run(() => ReportAsync(word, reason));
    }

    /// <summary>Tells the server the state with the path and the steps; the path decides which gates are right.</summary>
    private async Task ReportAsync(string state, string? reason)
    {
        string? path = null;
        if (state is "connected" or "path")
        {
            path = await PathAsync().ConfigureAwait(false);
            // Later steps are news too: the first packet leaves after the state changed.
            string where = $"{path.Split(" steps=")[0]} {path.Count(c => c == ',')}";
            if (state == "path" && where == _path)
                return;
            _path = where;
        }

        Tell(SmaEventKinds.MediaState, new MediaBody { Session = _session, Camera = _camera, State = state, Path = path, Detail = reason is null ? null : Short(reason) });
        if (state == "failed")
            await EndAsync(reason ?? "failed", tell: false).ConfigureAwait(false);
    }

    /// <summary>
    /// The selected path as <c>far=ADDRESS:PORT near=ADDRESS:PORT relayed=0|1 over=udp|tcp steps=NAME:MS,...</c>. Far is where this gateway's packets
    /// go, so the TURN server on a relayed path; the candidate beyond it is never seen by the home's network.
    /// </summary>
    private async Task<string> PathAsync()
    {
        IReadOnlyList<RtcStatistic> report = await _endpoint.GetStatisticsAsync().ConfigureAwait(false);
        RtcStatistic? pair = report.Where(r => r.Type == "candidate-pair").OrderByDescending(r => r.Values.TryGetValue("nominated", out object? n) && n is true)
            .ThenByDescending(r => Equals(r.Values.GetValueOrDefault("state"), "succeeded")).FirstOrDefault();
        if (pair is null)
            return "";
        RtcStatistic? local = report.FirstOrDefault(r => r.Id == (string)pair.Values["localCandidateId"]);
        RtcStatistic? remote = report.FirstOrDefault(r => r.Id == (string)pair.Values["remoteCandidateId"]);
        IReadOnlyDictionary<string, double> steps = await _endpoint.GetTimelineAsync().ConfigureAwait(false);
        string timeline = string.Join(',', steps.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key}:{s.Value:0}")));
        return pair.Values.GetValueOrDefault("relayServer") is string server
            ? $"far={server} relayed=1 over={pair.Values["relayProtocol"]} steps={timeline}"
            : $"far={Address(remote)} near={Address(local)} relayed=0 over=udp steps={timeline}";
    }

    private static string Address(RtcStatistic? candidate)
    {
        if (candidate is null)
            return "";
        var address = (string)candidate.Values["address"];
        return string.Create(CultureInfo.InvariantCulture, $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{candidate.Values["port"]}");
    }

    /// <summary>Every two seconds: is the path still the same, does the viewer still send anything, has anybody refreshed the session?</summary>
    private async Task WatchAsync()
    {
        double received = -1;
        long heard = _time.GetTimestamp();
        while (!_ended)
        {
            await Task.Delay(s_watch, _time, _stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_ended)
                return;
            if (_time.GetElapsedTime(Volatile.Read(ref _refreshed)) > _life)
            {
                await EndAsync("nobody refreshed the session", tell: true).ConfigureAwait(false);
                return;
            }

            if (_endpoint.State != MediaEndpointState.Connected)
                continue;
            double now = await ReceivedAsync().ConfigureAwait(false);
            if (now != received)
                (received, heard) = (now, _time.GetTimestamp());
            else if (_time.GetElapsedTime(heard) > s_silence)
            {
                await EndAsync("the viewer went silent", tell: true).ConfigureAwait(false);
                return;
            }

            await ReportAsync("path", null).ConfigureAwait(false);
        }
    }

    private async Task<double> ReceivedAsync()
    {
        IReadOnlyList<RtcStatistic> report = await _endpoint.GetStatisticsAsync().ConfigureAwait(false);
        return report.Where(r => r.Type == "transport").Sum(r => Convert.ToDouble(r.Values.GetValueOrDefault("packetsReceived") ?? 0, CultureInfo.InvariantCulture));
    }

    private static string ReasonOf(Exception e) => e is MediaNegotiationException { IsOfferUnsuitable: true } ? MediaBody.OfferUnsuitable : "refused";

    private static string Short(string text) => text.Length > 500 ? text[..500] : text;

    private void Tell(string kind, MediaBody body, string? cause = null) => _replies.Send(kind, body, cause);

    [LoggerMessage(5210, LogLevel.Information, "Media session {Session} ended: {Reason}.")]
    private partial void LogEnded(string session, string reason);

    [LoggerMessage(5211, LogLevel.Critical, "Media session {Session} failed by a fault of this program.")]
    private partial void LogFailed(string session, Exception exception);
}
