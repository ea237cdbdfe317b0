using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MediaRelay.Media.IO.Children;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Cameras.Ffmpeg;

/// <summary>
/// One ffmpeg child that turns one track into one format: RTP in over a loopback port (or JPEG pictures over its standard input), RTP out
/// over another. It lives until disposed; when the child ends by itself it is started anew with a growing pause.
/// </summary>
internal sealed class Transcoder : IAsyncDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly string _program;
    private readonly CameraTrack _input;
    private readonly RtpCodec _output;
    private readonly bool _reduced;
    private readonly TimeProvider _time;
    private readonly Action<string> _failed;
    private readonly RtpLoopback _receiver = new();
    private readonly Socket _sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private SocketAddress? _childPort;
    private ChildProcess? _child;
    private int _writing;

    /// <summary>Starts the first child; <paramref name="reduced"/> makes a smaller picture. <paramref name="failed"/> hears why a child ended; <paramref name="output"/> takes the packets.</summary>
    public Transcoder(string program, CameraTrack input, RtpCodec output, bool reduced, TimeProvider time, RtpLoopback.PacketHandler handler, Action<string> failed)
    {
        _program = program;
        _input = input;
        _output = output;
        _reduced = reduced;
        _time = time;
        _failed = failed;
        _receiver.Start(handler);
        _running = RunAsync();
    }

    /// <summary>Process id of the running child; 0 between two of them.</summary>
    public int ChildId => Volatile.Read(ref _child)?.Id ?? 0;

    /// <summary>Passes an RTP packet of the input track on; lost when no child is ready, as on any network.</summary>
    public void HandleRtp(ReadOnlySpan<byte> packet)
    {
        if (Volatile.Read(ref _childPort) is not { } port) return;
        try
        {
            _sender.SendTo(packet, SocketFlags.None, port);
        }
        catch (SocketException)
        {
            // The child is starting or gone; the next packet may arrive.
        }
    }

    /// <summary>Passes a JPEG picture on; skipped while the child still reads the one before.</summary>
    public void HandlePicture(ReadOnlySpan<byte> jpeg)
    {
        if (Volatile.Read(ref _child) is not { } child || Interlocked.CompareExchange(ref _writing, 1, 0) != 0) return;
        _ = WritePictureAsync(child, jpeg.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _receiver.Dispose();
        _sender.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var pause = TimeSpan.FromMilliseconds(250);
        while (!_stop.IsCancellationRequested)
        {
            var started = _time.GetTimestamp();
            try
            {
                await RunChildAsync();
            }
            catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or SocketException)
            {
                _failed(e.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            pause = _time.GetElapsedTime(started) > TimeSpan.FromMinutes(1) ? TimeSpan.FromMilliseconds(250) : pause * 2;
            if (pause > LongestPause) pause = LongestPause;
            try
            {
                await Task.Delay(pause, _time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task RunChildAsync()
    {
        List<string> arguments = ["-hide_banner", "-loglevel", "error", "-fflags", "+nobuffer+genpts", "-flags", "low_delay"];
        var port = 0;
        if (_input.IsPictures)
        {
            arguments.AddRange(["-use_wallclock_as_timestamps", "1", "-f", "mjpeg", "-probesize", "1000000", "-i", "pipe:0"]);
        }
        else
        {
            port = FreePort();
            arguments.AddRange(["-protocol_whitelist", "pipe,udp,rtp", "-max_delay", "100000", "-reorder_queue_size", "16",
                "-analyzeduration", "1000000", "-probesize", "500000", "-f", "sdp", "-i", "pipe:0"]);
        }
        if (_input.Kind == MediaKind.Video) arguments.AddRange(["-vf", _reduced ? FfmpegOutputs.ReducedScale : FfmpegOutputs.EvenScale]);
        arguments.AddRange(FfmpegOutputs.Arguments(_output, _reduced));
        arguments.Add(_receiver.OutputUrl);

        await using var child = await ChildProcess.StartAsync(_program, arguments);
        if (port != 0)
        {
            await child.Input.WriteAsync(Encoding.ASCII.GetBytes(Describe(port)), _stop.Token);
            child.Input.Close();
            Volatile.Write(ref _childPort, new IPEndPoint(IPAddress.Loopback, port).Serialize());
        }
        Volatile.Write(ref _child, child);
        try
        {
            await child.Exited.WaitAsync(_stop.Token);
            _failed(child.Complaints);
        }
        finally
        {
            Volatile.Write(ref _child, null);
            Volatile.Write(ref _childPort, null);
        }
    }

    private string Describe(int port)
    {
        var codec = _input.Codec;
        var text = new StringBuilder("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n");
        text.Append(CultureInfo.InvariantCulture, $"m={(_input.Kind == MediaKind.Video ? "video" : "audio")} {port} RTP/AVP {codec.PayloadType}\r\n");
        text.Append(CultureInfo.InvariantCulture, $"a=rtpmap:{codec.RtpMap}\r\n");
        if (!codec.Parameters.IsEmpty) text.Append(CultureInfo.InvariantCulture, $"a=fmtp:{codec.PayloadType} {codec.Parameters.Text}\r\n");
        return text.ToString();
    }

    // ffmpeg binds the port and the one above it itself; between here and there another process could take them, then the child is started anew.
    private static int FreePort()
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            using var first = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            first.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var port = ((IPEndPoint)first.LocalEndPoint!).Port;
            if (port % 2 != 0) continue;
            using var second = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                second.Bind(new IPEndPoint(IPAddress.Loopback, port + 1));
                return port;
            }
            catch (SocketException)
            {
                // The odd neighbour is taken.
            }
        }
        throw new IOException("no free pair of UDP ports was found for ffmpeg");
    }

    private async Task WritePictureAsync(ChildProcess child, byte[] jpeg)
    {
        try
        {
            await child.Input.WriteAsync(jpeg, _stop.Token);
            await child.Input.FlushAsync(_stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The child is gone; RunAsync starts the next one.
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }
}
