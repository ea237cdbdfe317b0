using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace MediaRelay.IO.Tests.Media;

/// <summary>A small RTSP server with an ONVIF back-channel: interleaved only, one client at a time, scripted authentication.</summary>
internal sealed partial class RtspTestServer : IAsyncDisposable
{
    private const string Nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly X509Certificate2? _certificate;
    private readonly string _challenge;
    private readonly bool _hasBackChannel;
    private readonly Task _running;
    private readonly List<TcpClient> _clients = [];

    public RtspTestServer(string challenge = "", bool hasBackChannel = true, X509Certificate2? certificate = null)
    {
        _challenge = challenge;
        _hasBackChannel = hasBackChannel;
        _certificate = certificate;
        _listener.Start();
        _running = RunAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<string> Requests { get; } = new();

    public ConcurrentQueue<byte[]> BackChannel { get; } = new();

    public int Connections { get; private set; }

    public int SessionTimeout { get; init; } = 60;

    /// <summary>The range attribute of the description; with "npt=now-" any other range is refused, and so is every PLAY after it.</summary>
    public string Range { get; init; } = "";

    private bool _isSpoiled;

    /// <summary>Cuts the connections that are open.</summary>
    public void Cut()
    {
        lock (_clients)
        {
            foreach (var client in _clients) client.Close();
            _clients.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Cut();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                Connections++;
                lock (_clients) _clients.Add(client);
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var owner = client;
        try
        {
            Stream stream = client.GetStream();
            if (_certificate is not null)
            {
                var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(_certificate);
                stream = tls;
            }
            using var playing = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            while (true)
            {
                var first = new byte[1];
                if (await stream.ReadAsync(first, _stop.Token) == 0) break;
                if (first[0] == '$')
                {
                    var head = new byte[3];
                    await stream.ReadExactlyAsync(head, _stop.Token);
                    var packet = new byte[head[1] << 8 | head[2]];
                    await stream.ReadExactlyAsync(packet, _stop.Token);
                    if (head[0] == 4) BackChannel.Enqueue(packet);
                    continue;
                }
                var request = await ReadRequestAsync(stream, first[0]);
                Requests.Enqueue(request);
                var answer = Answer(request);
                await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), _stop.Token);
                if (request.StartsWith("PLAY", StringComparison.Ordinal) && answer.StartsWith("RTSP/1.0 200", StringComparison.Ordinal)) _ = PlayAsync(stream, playing.Token);
                if (request.StartsWith("TEARDOWN", StringComparison.Ordinal)) break;
            }
            await playing.CancelAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The client left.
        }
    }

    private static async Task<string> ReadRequestAsync(Stream stream, byte first)
    {
        var text = new StringBuilder().Append((char)first);
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one);
            text.Append((char)one[0]);
        }
        return text.ToString();
    }

    private string Answer(string request)
    {
        var method = request[..request.IndexOf(' ', StringComparison.Ordinal)];
        var sequence = Header(request, "CSeq");
        string Reply(string status, string headers = "", string body = "") =>
            $"RTSP/1.0 {status}\r\nCSeq: {sequence}\r\n{headers}{(body.Length > 0 ? $"Content-Length: {body.Length}\r\n" : "")}\r\n{body}";
        if (method == "OPTIONS") return Reply("200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n");
        if (!IsAuthorized(request, method)) return Reply("401 Unauthorized", _challenge);
        var wantsBack = request.Contains("www.onvif.org/ver20/backchannel", StringComparison.Ordinal);
        switch (method)
        {
            case "DESCRIBE" when wantsBack && !_hasBackChannel: return Reply("551 Option not supported", "Unsupported: www.onvif.org/ver20/backchannel\r\n");
            case "DESCRIBE": return Reply("200 OK", "Content-Type: application/sdp\r\n", Describe(wantsBack));
            case "SETUP":
                var channels = Channels().Match(request).Groups[1].Value;
                return Reply("200 OK", $"Session: 4711;timeout={SessionTimeout}\r\nTransport: RTP/AVP/TCP;unicast;interleaved={channels}\r\n");
            case "PLAY" when Range == "npt=now-" && (_isSpoiled || Header(request, "Range") is not ("" or "npt=now-")):
                _isSpoiled = true;
                return Reply("503 Service Unavailable");
            default: return Reply("200 OK", "Session: 4711\r\n");
        }
    }

    private bool IsAuthorized(string request, string method)
    {
        if (_challenge.Length == 0) return true;
        var given = Header(request, "Authorization");
        if (given.StartsWith("Basic ", StringComparison.Ordinal))
            return _challenge.Contains("Basic", StringComparison.Ordinal) && Encoding.UTF8.GetString(Convert.FromBase64String(given[6..])) == "viewer:se:cret";
        if (!given.StartsWith("Digest ", StringComparison.Ordinal)) return false;
        string Get(string name) => Regex.Match(given, name + "=\"?([^\",]*)").Groups[1].Value;
        string Hash(string text) => Convert.ToHexStringLower(_challenge.Contains("SHA-256", StringComparison.Ordinal)
            ? SHA256.HashData(Encoding.UTF8.GetBytes(text)) : MD5.HashData(Encoding.UTF8.GetBytes(text)));
        var secret = Hash("viewer:cam:se:cret");
        var about = Hash($"{method}:{Get("uri")}");
        var expected = Get("qop") == "auth"
            ? Hash($"{secret}:{Nonce}:{Get("nc")}:{Get("cnonce")}:auth:{about}")
            : Hash($"{secret}:{Nonce}:{about}");
        return Regex.Match(given, " response=\"([^\"]*)").Groups[1].Value == expected;
    }

    private string Describe(bool withBackChannel) =>
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=Camera\r\nt=0 0\r\na=control:*\r\n" + (Range.Length > 0 ? $"a=range:{Range}\r\n" : "") +
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\na=control:video\r\n" +
        "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:audio\r\n" +
        (withBackChannel ? "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendonly\r\na=control:back\r\n" : "");

    private static async Task PlayAsync(Stream stream, CancellationToken stop)
    {
        try
        {
            for (ushort number = 0; number < 2000; number++)
            {
                byte[] video = [(byte)'$', 0, 0, 14, 0x80, 96 | 0x80, (byte)(number >> 8), (byte)number, 0, 0, 0, 0, 1, 2, 3, 4, 0x65, 0x11];
                byte[] audio = [(byte)'$', 2, 0, 13, 0x80, 8, (byte)(number >> 8), (byte)number, 0, 0, 0, 0, 5, 6, 7, 8, 0xD5];
                await stream.WriteAsync((byte[])[.. video, .. audio, (byte)'\r', (byte)'\n'], stop);
                await Task.Delay(20, stop);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client left.
        }
    }

    private static string Header(string request, string name) =>
        Regex.Match(request, $"^{name}: (.*?)\r$", RegexOptions.Multiline).Groups[1].Value;

    [GeneratedRegex("interleaved=([0-9-]+)")]
    private static partial Regex Channels();

    public static string Digest(string algorithm) =>
        $"WWW-Authenticate: Digest realm=\"cam\", nonce=\"{Nonce}\"{(algorithm.Length > 0 ? $", algorithm={algorithm}, qop=\"auth,auth-int\"" : "")}\r\n";
}
