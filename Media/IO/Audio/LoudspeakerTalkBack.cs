using System.Runtime.InteropServices;
using System.Threading.Channels;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Children;
using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.IO.Audio;

/// <summary>
/// Plays a viewer's voice through a command that reads 16-bit little-endian mono samples at 8 kHz from its standard input,
/// e.g. <c>aplay -q -t raw -f S16_LE -r 8000 -c 1</c>. The command runs only while somebody speaks.
/// </summary>
public sealed class LoudspeakerTalkBack : ITalkBack, IAsyncDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private readonly string _program;
    private readonly string[] _arguments;
    private readonly G711Timeline _timeline = new();
    private readonly CancellationTokenSource _stop = new();
    // 25 packets of 20 ms: a loudspeaker half a second behind is of no use.
    private readonly Channel<byte[]> _samples = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(25) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Task _running;

    public LoudspeakerTalkBack(string program, params string[] arguments)
    {
        _program = program;
        _arguments = arguments;
        _running = RunAsync();
    }

    public string Codec => "PCMU";

    public void HandleRtp(ReadOnlySpan<byte> packet)
    {
        if (!_timeline.TryTake(packet, out var silence, out var payload)) return;
        silence = Math.Min(silence, 800);
        var linear = new byte[(silence + payload.Length) * 2];
        G711.DecodeMuLaw(payload, MemoryMarshal.Cast<byte, short>(linear.AsSpan(silence * 2)));
        _samples.Writer.TryWrite(linear);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (await _samples.Reader.WaitToReadAsync(_stop.Token))
            {
                try
                {
                    await PlayAsync();
                }
                catch (Exception e) when (e is IOException or System.ComponentModel.Win32Exception)
                {
                    // The command ended or cannot be started; the next words try again, at most once a second.
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
        while (true)
        {
            using var quiet = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            quiet.CancelAfter(Quiet);
            byte[] samples;
            try
            {
                samples = await _samples.Reader.ReadAsync(quiet.Token);
            }
            catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
            {
                child.Input.Close();
                await child.Exited.WaitAsync(Quiet, _stop.Token);
                return;
            }
            await child.Input.WriteAsync(samples, _stop.Token);
            await child.Input.FlushAsync(_stop.Token);
        }
    }
}
