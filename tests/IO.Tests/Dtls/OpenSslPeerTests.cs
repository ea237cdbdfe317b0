using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using MediaRelay.Dtls;

namespace MediaRelay.IO.Tests.Dtls;

/// <summary>The openssl program as the other side, over a loopback socket.</summary>
public sealed partial class OpenSslPeerTests : IDisposable
{
    private const int KeyLength = 60;
    private readonly string _folder = Directory.CreateTempSubdirectory("dtls-peer-").FullName;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly DtlsContext _context = new(DtlsPair.ServerCertificate,
        DtlsContextSettings.Srtp with { SrtpProfiles = [DtlsSrtpProfile.AesCm128HmacSha1Tag80] });
    private Process? _peer;

    public OpenSslPeerTests() =>
        Run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=peer", "-days", "2",
            "-keyout", Path.Combine(_folder, "key.pem"), "-out", Path.Combine(_folder, "cert.pem"));

    public void Dispose()
    {
        if (_peer is { HasExited: false }) _peer.Kill();
        _peer?.Dispose();
        _context.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void S_client_connects_to_us_and_has_the_same_keys(bool cookies)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        StartPeer("s_client", "-dtls1_2", "-connect", $"127.0.0.1:{port}", "-cert", Path.Combine(_folder, "cert.pem"), "-key", Path.Combine(_folder, "key.pem"),
            "-use_srtp", "SRTP_AES128_CM_SHA1_80", "-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", $"{KeyLength}");
        using var session = cookies ? AcceptWithCookie(socket) : new DtlsSession(_context, DtlsRole.Server);
        Converse(socket, session, () => session.State == DtlsState.Connected);
        Assert.True(session.State == DtlsState.Connected, session.Failure);
        AssertPeerHasOurKeys(session);
    }

    [Fact]
    public void We_connect_to_s_server_and_have_the_same_keys()
    {
        using var reserve = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        reserve.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)reserve.LocalEndPoint!).Port;
        reserve.Dispose();
        StartPeer("s_server", "-dtls1_2", "-accept", $"127.0.0.1:{port}", "-cert", Path.Combine(_folder, "cert.pem"), "-key", Path.Combine(_folder, "key.pem"),
            "-use_srtp", "SRTP_AES128_CM_SHA1_80", "-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", $"{KeyLength}", "-Verify", "1");
        Assert.Equal("ACCEPT", ReadUntil(line => line.StartsWith("ACCEPT", StringComparison.Ordinal)));
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
        using var session = new DtlsSession(_context, DtlsRole.Client);
        session.Start(_clock.Elapsed);
        Converse(socket, session, () => session.State == DtlsState.Connected);
        Assert.True(session.State == DtlsState.Connected, session.Failure);
        Assert.Equal(32, session.PeerFingerprint.Length);
        AssertPeerHasOurKeys(session);
    }

    private DtlsSession AcceptWithCookie(Socket socket)
    {
        using var random = RandomNumberGenerator.Create();
        var gate = new DtlsCookieGate(random);
        var buffer = new byte[2048];
        var reply = new byte[DtlsCookieGate.ReplyLength];
        socket.ReceiveTimeout = 5000;
        for (var replies = 0; replies < 5; replies++)
        {
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            var length = socket.ReceiveFrom(buffer, ref from);
            var peer = System.Text.Encoding.ASCII.GetBytes(from.ToString()!);
            var verdict = gate.Examine(buffer.AsSpan(0, length), peer, _clock.Elapsed, reply, out var replyLength);
            if (verdict == DtlsCookieVerdict.SendReply) socket.SendTo(reply.AsSpan(0, replyLength), from);
            if (verdict != DtlsCookieVerdict.Accept) continue;
            socket.Connect(from);
            Assert.Equal(1, replies);
            Assert.True(DtlsSession.TryAcceptVerified(_context, buffer.AsSpan(0, length), _clock.Elapsed, DtlsSession.DefaultMtu, out var session));
            return session!;
        }
        throw new InvalidOperationException("The client never returned a cookie.");
    }

    private void Converse(Socket socket, DtlsSession session, Func<bool> done)
    {
        var buffer = new byte[16384];
        var end = _clock.Elapsed + TimeSpan.FromSeconds(10);
        while (true)
        {
            while (session.TryTakeDatagram(buffer, out var out1)) socket.Send(buffer.AsSpan(0, out1));
            if (done() || _clock.Elapsed > end || session.State == DtlsState.Failed) return;
            var wait = (session.NextDeadline ?? end) - _clock.Elapsed;
            if (socket.Poll(TimeSpan.FromMilliseconds(Math.Clamp(wait.TotalMilliseconds, 1, 500)), SelectMode.SelectRead))
            {
                EndPoint from = new IPEndPoint(IPAddress.Any, 0);
                var length = socket.ReceiveFrom(buffer, ref from);
                if (!socket.Connected) socket.Connect(from);
                session.HandleDatagram(buffer.AsSpan(0, length), _clock.Elapsed);
            }
            session.HandleDeadline(_clock.Elapsed);
        }
    }

    private void AssertPeerHasOurKeys(DtlsSession session)
    {
        var keys = new byte[KeyLength];
        session.ExportSrtpKeys(keys);
        var line = ReadUntil(text => text.Contains("Keying material:", StringComparison.Ordinal));
        Assert.Equal(Convert.ToHexString(keys), Hex().Match(line).Value);
    }

    private string ReadUntil(Func<string, bool> wanted)
    {
        for (var lines = 0; lines < 500; lines++)
        {
            var read = _peer!.StandardOutput.ReadLineAsync();
            if (!read.Wait(TimeSpan.FromSeconds(5)) || read.Result is not { } line) break;
            if (wanted(line)) return line;
        }
        throw new InvalidOperationException("openssl did not print the expected line.");
    }

    private void StartPeer(params string[] arguments) =>
        _peer = Process.Start(new ProcessStartInfo("openssl", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = false,
            UseShellExecute = false,
        });

    private static void Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    [GeneratedRegex("[0-9A-F]{120}")]
    private static partial Regex Hex();
}
