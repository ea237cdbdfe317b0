using System.Runtime.InteropServices;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Children;
using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.IO.Audio;

/// <summary>
/// Plays a viewer's voice through a command that reads 16-bit little-endian mono samples at 8 kHz from its standard input,
/// e.g. <c>aplay -q -t raw -f S16_LE -r 8000 -c 1</c>. The command runs only while somebody speaks; a <see cref="JitterBuffer"/> puts packets in order.
/// </summary>
public sealed class LoudspeakerTalkBack : ITalkBack, IAsyncDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    // A loudspeaker half a second behind is of no use.
    private static readonly TimeSpan LeastDelay = TimeSpan.FromMilliseconds(20), MostDelay = TimeSpan.FromMilliseconds(400);

    private readonly string _program;
    private readonly string[] _arguments;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _arrived = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly short[] _linear = new short[JitterBuffer.MostPayloadBytes];
    private readonly Task _running;
    private JitterBuffer _buffer = NewBuffer();
    private TimeSpan _lastArrival;
    private uint _ssrc;
    private int _samplesPerPacket = 160;
    private bool _disposed;
    private int _failures;

    public LoudspeakerTalkBack(string program, params string[] arguments)
    {
        _program = program;
        _arguments = arguments;
        _running = RunAsync();
    }

    public string Codec => "PCMU";

    /// <summary>How often the command could not be started or ended by itself.</summary>
    internal int Failures => Volatile.Read(ref _failures);

    private TimeSpan Now => _time.GetElapsedTime(0);

    public void HandleRtp(ReadOnlySpan<byte> packet)
    {
        if (!RtpPacket.TryRead(packet, out var rtp) || rtp.Payload.IsEmpty) return;
        // The player works on another thread than packets come on.
        lock (_gate)
        {
            if (_disposed) return;
            var now = Now;
            if (rtp.Ssrc != _ssrc || now - _lastArrival > Pause) _buffer = NewBuffer();
            (_ssrc, _lastArrival, _samplesPerPacket) = (rtp.Ssrc, now, rtp.Payload.Length);
            _buffer.Add(rtp, now);
            if (_arrived.CurrentCount == 0) _arrived.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate) _disposed = true;
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _arrived.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _arrived.WaitAsync(_stop.Token);
                try
                {
                    await PlayAsync();
                }
                catch (Exception e) when (e is IOException or TimeoutException or System.ComponentModel.Win32Exception)
                {
                    // The command ended or cannot be started; the next words try again, at most once a second.
                    Interlocked.Increment(ref _failures);
                    await Task.Delay(TimeSpan.FromSeconds(1), _stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task PlayAsync()
    {
        await using var child = await ChildProcess.StartAsync(_program, _arguments);
        using var samples = new MemoryStream();
        while (true)
        {
            samples.SetLength(0);
            var next = TakeDue(samples);
            if (samples.Length > 0)
            {
                await child.Input.WriteAsync(samples.GetBuffer().AsMemory(0, (int)samples.Length), _stop.Token);
                await child.Input.FlushAsync(_stop.Token);
            }
            if (next is { } due)
            {
                var wait = due - Now;
                if (wait > TimeSpan.Zero) await Task.Delay(wait, _time, _stop.Token);
            }
            else if (!await _arrived.WaitAsync(Quiet, _stop.Token))
            {
                child.Input.Close();
                await child.Exited.WaitAsync(Quiet, _stop.Token);
                return;
            }
        }
    }

    /// <summary>Appends the samples whose time has come, silence for what is lost; gives the time of the next ones, null when nothing waits.</summary>
    private TimeSpan? TakeDue(MemoryStream samples)
    {
        lock (_gate)
        {
            while (_buffer.Take(Now, out var payload, out _) is not JitterBufferOutcome.Nothing and var outcome)
            {
                var length = outcome == JitterBufferOutcome.Packet ? payload.Length : _samplesPerPacket;
                var linear = _linear.AsSpan(0, length);
                linear.Clear();
                if (outcome == JitterBufferOutcome.Packet) G711.DecodeMuLaw(payload, linear);
                samples.Write(MemoryMarshal.AsBytes(linear));
            }
            return _buffer.NextDeadline;
        }
    }

    private static JitterBuffer NewBuffer() => new(8000, LeastDelay, MostDelay);
}
