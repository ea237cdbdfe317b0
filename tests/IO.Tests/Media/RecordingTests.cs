using System.Diagnostics;
using FFMpegCore;
using MediaRelay.Media.IO;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Children;

namespace MediaRelay.IO.Tests.Media;

/// <summary>Clips and still pictures of the ffmpeg test picture, read back by ffprobe; ffmpeg children and their end.</summary>
public sealed class RecordingTests : IAsyncLifetime
{
    private readonly MediaHost _host = MediaEndpointTests.Host();
    private readonly string _folder = Directory.CreateTempSubdirectory("clips-").FullName;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("test:?rate=30", "pcm_mulaw")]
    [InlineData("test:?rate=30&audio=opus", "opus")]
    public async Task A_clip_with_pre_roll_is_read_by_ffprobe(string camera, string audio)
    {
        Assert.True(_host.TryOpenSource(camera, out var source, out _));
        await using var recorder = new ClipRecorder(_host, source);
        await Until.TrueAsync(async () => await recorder.KeptAsync() > TimeSpan.FromSeconds(1.5), "some pre-roll is kept");
        var path = Path.Combine(_folder, "clip.mp4");
        var length = await recorder.RecordAsync(path, TimeSpan.FromSeconds(1));
        Assert.True(length > 10_000);
        var clip = await FFProbe.AnalyseAsync(path);
        Assert.Equal(("h264", 640, 360), (clip.PrimaryVideoStream!.CodecName, clip.PrimaryVideoStream.Width, clip.PrimaryVideoStream.Height));
        Assert.Equal(audio, Assert.Single(clip.AudioStreams).CodecName);
        var packets = await ProbeAsync("-select_streams", "v", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path);
        Assert.InRange(int.Parse(packets.Trim().TrimEnd(',')), 60, 200);
        Assert.InRange(clip.Duration.TotalSeconds, 2, 6);
    }

    [Fact]
    public async Task A_still_picture_is_a_jpeg()
    {
        Assert.True(_host.TryOpenSource("test:", out var source, out _));
        var picture = await new SnapshotTaker(_host).TakeAsync(source, TimeSpan.FromSeconds(10));
        Assert.True(JpegStreamReader.TryMeasure(picture, out var length));
        Assert.InRange(length, 2000, 500_000);
        await Until.TrueAsync(() => source.Users == 0, "the camera is let go");
    }

    [Fact]
    public async Task A_clip_needs_a_picture_first()
    {
        await using var silent = _host.OpenSource(new SilentCamera());
        await using var recorder = new ClipRecorder(_host, silent);
        await Assert.ThrowsAsync<CameraException>(() => recorder.RecordAsync(Path.Combine(_folder, "none.mp4"), TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task An_unreachable_camera_is_tried_again_and_says_why()
    {
        Assert.True(_host.TryOpenSource("rtsp://127.0.0.1:1/none", out var source, out _));
        await using var endpoint = _host.CreateEndpoint(new MediaEndpointSettings { Source = source });
        await Until.TrueAsync(() => source.Fault is not null, "the fault is told");
        Assert.StartsWith("Camera rtsp://127.0.0.1:1/none cannot be reached", source.Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://x/y", "A camera address starts with rtsp:, rtsps:, http:, https:, file: or test:, not with ftp:.")]
    [InlineData("test:?size=1x1", "'size=1x1' is not understood; a test picture is e.g. test:?size=640x360&rate=15&audio=opus.")]
    [InlineData("nonsense", "A camera address is an absolute URL of at most 2048 characters, e.g. rtsp://192.168.1.20/stream1.")]
    public void Unusable_camera_urls_are_explained(string url, string expected)
    {
        Assert.False(_host.TryOpenSource(url, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public async Task Children_have_the_parent_death_signal_and_end_with_their_owner()
    {
        var child = await ChildProcess.StartAsync("sleep", "60");
        await Until.TrueAsync(() => File.ReadAllText($"/proc/{child.Id}/comm").Trim() == "sleep", "the program runs");
        Assert.False(child.Exited.IsCompleted);
        await child.DisposeAsync();
        Assert.False(Directory.Exists($"/proc/{child.Id}"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Children_leave_no_descriptor_behind(bool readsOutput)
    {
        async Task RunAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                await using var child = await ChildProcess.StartAsync("cat");
                if (!readsOutput) continue;
                await child.Input.WriteAsync("still"u8.ToArray());
                child.Input.Close();
                using var reader = new StreamReader(child.Output, leaveOpen: true);
                Assert.Equal("still", await reader.ReadToEndAsync());
            }
        }

        // Pipes alone are counted: other tests of this process open and close sockets meanwhile. They hold a few pipes too, hence many children.
        static int Pipes() => Directory.GetFileSystemEntries("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget?.StartsWith("pipe:", StringComparison.Ordinal) == true);
        await RunAsync(1);
        var before = Pipes();
        await RunAsync(40);
        Assert.InRange(Pipes(), 0, before + 20);
    }

    [Fact]
    public async Task A_process_that_is_killed_leaves_no_child_behind()
    {
        var told = Path.Combine(_folder, "pid");
        using var runner = Process.Start(new ProcessStartInfo("dotnet", ["vstest", typeof(RecordingTests).Assembly.Location, "--TestCaseFilter:FullyQualifiedName~" + nameof(Waits_with_a_child_to_be_killed)])
        {
            Environment = { [ToldVariable] = told },
            RedirectStandardOutput = true,
        })!;
        try
        {
            await Until.TrueAsync(() => File.Exists(told) && File.ReadAllText(told).EndsWith('\n'), "the other process has a child", 60);
            var numbers = File.ReadAllText(told).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            var child = numbers[1];
            Assert.Equal("ffmpeg", File.ReadAllText($"/proc/{child}/comm").Trim());
            using var killed = Process.GetProcessById(int.Parse(numbers[0]));
            killed.Kill();
            await Until.TrueAsync(() => !File.Exists($"/proc/{child}/stat") || File.ReadAllText($"/proc/{child}/stat").Contains(") Z ", StringComparison.Ordinal), "the child is gone", 5);
        }
        finally
        {
            if (!runner.HasExited) runner.Kill(entireProcessTree: true);
            await runner.WaitForExitAsync();
        }
    }

    /// <summary>The other half of the test above, in a process of its own; a usual run counts it as skipped.</summary>
    [FactOfAChild]
    public async Task Waits_with_a_child_to_be_killed()
    {
        var told = Environment.GetEnvironmentVariable(ToldVariable)!;
        await using var child = await ChildProcess.StartAsync("ffmpeg", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2", "-f", "null", "-");
        await Until.TrueAsync(() => File.ReadAllText($"/proc/{child.Id}/comm").Trim() == "ffmpeg", "the program runs");
        await File.WriteAllTextAsync(told, $"{Environment.ProcessId} {child.Id}\n");
        await Task.WhenAny(child.Exited, Task.Delay(TimeSpan.FromSeconds(60)));
    }

    private const string ToldVariable = "MEDIARELAY_TEST_TOLD";

    private sealed class FactOfAChildAttribute : FactAttribute
    {
        public FactOfAChildAttribute() => Skip = Environment.GetEnvironmentVariable(ToldVariable) is { Length: > 0 } ? null : "Runs in a process that another test starts.";
    }

    private static Task<string> ProbeAsync(params string[] arguments) => RunAsync("ffprobe", arguments);

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var probe = Process.Start(new ProcessStartInfo(program, ["-v", "error", .. arguments]) { RedirectStandardOutput = true })!;
        var text = await probe.StandardOutput.ReadToEndAsync();
        await probe.WaitForExitAsync();
        Assert.Equal(0, probe.ExitCode);
        return text;
    }

    private sealed class SilentCamera : ICamera
    {
        public string Name => "silent";

        public Task RunAsync(ICameraSink sink, CancellationToken cancellation) => Task.Delay(Timeout.Infinite, cancellation);
    }
}
