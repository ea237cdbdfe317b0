using System.Threading.Channels;
using MediaRelay.Gateway.Cameras;
using MediaRelay.Gateway.Session;
using MediaRelay.IO.Tests.Media;
using MediaRelay.Media.IO;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.IO.Tests.Signaling.Gateway;

/// <summary>What a gateway says of an offer that it cannot use.</summary>
public sealed class HomeMediaTests : IAsyncDisposable
{
    private readonly MediaHost _host = new(new MediaOptions { UseLoopback = true, Addresses = ["127.0.0.1"] }, TimeProvider.System, NullLoggerFactory.Instance);
    private readonly Replies _replies = new();
    private readonly HomeMedia _media;

    public HomeMediaTests() => _media = new HomeMedia(_host, new Dictionary<string, CameraEntry> { ["cam-1"] = new("test:") }, TimeProvider.System, NullLogger.Instance);

    public async ValueTask DisposeAsync()
    {
        await _media.DisposeAsync();
        await _host.DisposeAsync();
    }

    [Theory]
    [InlineData("video VP8/90000", "no common format")]
    [InlineData("audio G722/8000", "no common format")]
    [InlineData("video VP8/90000, audio G722/8000", "no common format")]
    public async Task An_offer_without_a_common_format_is_unsuitable_and_the_words_say_what_is_sent(string sections, string reason)
    {
        MediaBody answer = await AnswerAsync(Offer(sections));
        Assert.Null(answer.Sdp);
        Assert.Equal(("offer-unsuitable", $"no section of the offer can be used ({reason}); it needs video in H264, or audio in PCMU or PCMA or opus"), (answer.Reason, answer.Detail));
        await Until.TrueAsync(() => _media.SessionCount == 0, "the session is gone");
    }

    [Fact]
    public async Task One_section_that_fits_is_enough()
    {
        MediaBody answer = await AnswerAsync(Offer("video VP8/90000, audio PCMU/8000"));
        Assert.Contains("m=video 0 ", answer.Sdp, StringComparison.Ordinal);
        Assert.DoesNotContain("m=audio 0 ", answer.Sdp, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_camera_that_the_home_lacks_is_another_reason()
    {
        MediaBody answer = await AnswerAsync(Offer("video H264/90000"), "cam-2");
        Assert.Equal(("camera-unknown", "The home has no camera cam-2."), (answer.Reason, answer.Detail));
    }

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, "failed")]
    public async Task A_clip_ends_in_one_result_that_says_whether_the_server_has_it(bool isLost, string? outcome)
    {
        if (isLost)
            _replies.Fault = new IOException("The disk is full.");
        DateTimeOffset now = DateTimeOffset.UtcNow;
        var instruction = new Instruction { Id = "i-1", Time = now, Expires = now.AddSeconds(8), Kind = InstructionKinds.ClipRequest, Body = new ClipBody { Id = "c-1", Camera = "cam-1", Type = "image/jpeg" } };
        ResultBody? result = await _media.HandleAsync(instruction, _replies, CancellationToken.None);
        Assert.Equal(outcome, result?.Outcome);
        Assert.Equal("c-1", Assert.Single(_replies.Uploaded));
        Assert.False(_replies.Sent.TryRead(out _));
    }

    [Theory]
    [InlineData("image/jpeg")]
    [InlineData(null)]
    public async Task Nobody_else_on_the_machine_can_read_a_clip_while_it_waits_for_its_upload(string? type)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        var clip = new ClipBody { Id = "c-1", Camera = "cam-1", Type = type, From = now, To = now.AddSeconds(1) };
        Assert.Null(await _media.HandleAsync(new Instruction { Id = "i-1", Time = now, Expires = now.AddSeconds(8), Kind = InstructionKinds.ClipRequest, Body = clip }, _replies, CancellationToken.None));
        (string file, UnixFileMode mode, UnixFileMode folder) = await _replies.Clip.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((UnixFileMode.UserRead | UnixFileMode.UserWrite, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute), (mode, folder));
        await Until.TrueAsync(() => !File.Exists(file), "the file is gone after the upload");
        await _media.DisposeAsync();
        Assert.False(Directory.Exists(Path.GetDirectoryName(file)));
    }

    [Fact]
    public async Task Offers_of_one_session_that_come_at_once_make_one_endpoint()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        for (int round = 0; round < 10; round++)
        {
            using var start = new Barrier(4);
            var offer = new Instruction { Id = "i", Time = now, Expires = now.AddSeconds(8), Kind = InstructionKinds.MediaOffer, Body = new MediaBody { Session = "s-" + round, Camera = "cam-1", Sdp = Offer("video H264/90000") } };
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    return _media.HandleAsync(offer, _replies, CancellationToken.None);
                }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()));
            Assert.Equal(_media.SessionCount, _host.Endpoints.Count());
        }

        Assert.Equal(10, _media.SessionCount);
    }

    private async Task<MediaBody> AnswerAsync(string offer, string camera = "cam-1")
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        var instruction = new Instruction { Id = "i-1", Time = now, Expires = now.AddSeconds(8), Kind = InstructionKinds.MediaOffer, Body = new MediaBody { Session = "s-1", Camera = camera, Sdp = offer } };
        await _media.HandleAsync(instruction, _replies, CancellationToken.None);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (true)
        {
            // An endpoint may say that it connects before its answer is written.
            (string kind, MessageBody body) = await _replies.Sent.ReadAsync(limit.Token);
            if (kind == SmaEventKinds.MediaAnswer)
                return Assert.IsType<MediaBody>(body);
        }
    }

    private static string Offer(string sections) =>
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
        + "a=fingerprint:sha-256 0B:30:55:7A:9F:C4:E9:0E:33:58:7D:A2:C7:EC:11:36:5B:80:A5:CA:EF:14:39:5E:83:A8:CD:F2:17:3C:61:86\r\na=setup:actpass\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
        + string.Concat(sections.Split(", ").Select((s, i) => s.Split(' ') is var p
            ? $"m={p[0]} 9 UDP/TLS/RTP/SAVPF {96 + i}\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=recvonly\r\na=rtpmap:{96 + i} {p[1]}\r\n{(p[1].StartsWith("H264", StringComparison.Ordinal) ? $"a=fmtp:{96 + i} packetization-mode=1;profile-level-id=42e01f\r\n" : "")}"
            : ""));

    private sealed class Replies : IGatewayMediaReplies
    {
        private readonly Channel<(string, MessageBody)> _sent = Channel.CreateUnbounded<(string, MessageBody)>();

        public Exception? Fault { get; set; }

        public List<string> Uploaded { get; } = [];

        public ChannelReader<(string Kind, MessageBody Body)> Sent => _sent.Reader;

        public void Send(string kind, MessageBody body, string? cause = null) => _sent.Writer.TryWrite((kind, body));

        public TaskCompletionSource<(string File, UnixFileMode Mode, UnixFileMode Folder)> Clip { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task UploadClipAsync(string file, ClipBody clip, string? cause, CancellationToken cancellation)
        {
            Uploaded.Add(clip.Id);
            if (File.Exists(file))
                Clip.TrySetResult((file, File.GetUnixFileMode(file), File.GetUnixFileMode(Path.GetDirectoryName(file)!)));
            return Fault is { } fault ? Task.FromException(fault) : Task.CompletedTask;
        }
    }
}
