using System.Collections.Concurrent;
using System.Net;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.IO.Tests.Signaling.Sessions;

/// <summary>A gateway with a camera that answers every offer at once and has no media; what it was told is kept.</summary>
internal sealed class CameraStandIn : IAsyncDisposable
{
    public const string Offer = Head + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\na=recvonly\r\n";
    public const string Address = "203.0.113.7";
    public const string Answer = Head + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\na=sendonly\r\n";
    private const string Head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
        + "a=fingerprint:sha-256 0B:30:55:7A:9F:C4:E9:0E:33:58:7D:A2:C7:EC:11:36:5B:80:A5:CA:EF:14:39:5E:83:A8:CD:F2:17:3C:61:86\r\na=setup:actpass\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n";

    private readonly CancellationTokenSource _stop = new();
    private readonly GatewayLinks _links;
    private readonly IStorage _storage;
    private readonly string _gateway;
    private readonly MonotonicClock _clock;
    private readonly Task _running;
    private int _events;

    public CameraStandIn(GatewayLinks links, IStorage storage, string gateway, TimeProvider time)
    {
        (_links, _storage, _gateway, _clock) = (links, storage, gateway, new MonotonicClock(time));
        GatewayLink link = links.Link(gateway);
        link.HandleRequest(_clock.Now, []);
        link.Address = IPAddress.Parse(Address);
        _running = RunAsync();
    }

    /// <summary>Instructions in the order they came, as their kind and session.</summary>
    public ConcurrentQueue<string> Told { get; } = new();

    /// <summary>Offers as the gateway got them.</summary>
    public ConcurrentQueue<string> Offers { get; } = new();

    /// <summary>Where uploaded clips lie; null for a gateway that takes none.</summary>
    public string? Clips { get; init; }

    /// <summary>A clip or still that is uploaded and reported.</summary>
    public async Task StoreAsync(string id, string camera, string type)
    {
        string folder = Path.Combine(Clips!, $"gw_{_gateway}");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, $"clip_{id}"), "picture of " + camera);
        await SayAsync(SmaEventKinds.ClipStored, new ClipBody { Id = id, Camera = camera, Type = type });
    }
    /// <summary>Clips and stills it was asked for.</summary>
    public ConcurrentQueue<string> Stills { get; } = new();

    /// <summary>An event of this gateway, durable and heard by everybody when the task completes.</summary>
    public async Task SayAsync(string kind, MessageBody body)
    {
        int number = Interlocked.Increment(ref _events);
        var said = new SmaEvent { Id = $"stand-in-{number}", Seq = (ulong)number, Time = _clock.UtcNow, Kind = kind, Body = body, Priority = EventPriority.Status };
        _links.Raise([await _storage.Events.AppendServerEventAsync(_gateway, said, _clock.UtcNow)]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            InstructionBacklog backlog = await _storage.Instructions.BacklogAsync(_gateway);
            foreach (Instruction instruction in backlog.Waiting)
            {
                Told.Enqueue($"{instruction.Kind} {(instruction.Body as MediaBody)?.Session ?? (instruction.Body as LookInBody)?.Session}");
                if (instruction.Body is ClipBody clip)
                    Stills.Enqueue(clip.Id);
                if (instruction is { Kind: InstructionKinds.MediaOffer, Body: MediaBody offer })
                {
                    Offers.Enqueue(offer.Sdp ?? "");
                    await SayAsync(SmaEventKinds.MediaAnswer, new MediaBody { Session = offer.Session, Camera = offer.Camera, Sdp = Answer });
                }

                if (Clips is not null && instruction.Body is ClipBody wanted)
                    await StoreAsync(wanted.Id, wanted.Camera!, wanted.Type!);
            }

            if (backlog.Waiting.Count > 0)
                await _storage.Instructions.AcknowledgeAsync(_gateway, backlog.Waiting[^1].Seq);
            await Task.Delay(10);
        }
    }
}
