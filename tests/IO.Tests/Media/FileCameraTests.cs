using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Cameras.Ffmpeg;
using MediaRelay.Media.Sdp;

namespace MediaRelay.IO.Tests.Media;

/// <summary>A media file as a camera: what is in it becomes tracks, what cannot be played is one sentence.</summary>
public sealed class FileCameraTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("file-camera-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_film_without_sound_is_one_picture_track_and_is_played()
    {
        var path = await MakeAsync("film.mp4", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=1");
        var sink = await PlayAsync(path, s => s.Rtp.Count > 5);
        Assert.Equal(MediaKind.Video, Assert.Single(sink.Tracks).Kind);
    }

    [Fact]
    public async Task The_cover_of_a_piece_of_music_is_no_picture_track()
    {
        var cover = await MakeAsync("cover.jpg", "-f", "lavfi", "-i", "testsrc2=size=160x120", "-frames:v", "1");
        var path = await MakeAsync("music.m4a", "-f", "lavfi", "-i", "sine=duration=1", "-i", cover, "-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v:0", "attached_pic");
        var sink = await PlayAsync(path, s => s.Rtp.Count > 5);
        Assert.Equal(MediaKind.Audio, Assert.Single(sink.Tracks).Kind);
    }

    [Theory]
    [InlineData("none.mp4", null, "The file none.mp4 does not exist.")]
    [InlineData("letter.mp4", "Dear neighbour", "The file letter.mp4 cannot be read by ffprobe: it is no media file, or is damaged.")]
    [InlineData("words.srt", "1\n00:00:00,000 --> 00:00:01,000\nHello\n", "The file words.srt holds neither picture nor sound.")]
    public async Task What_cannot_be_played_is_one_sentence(string name, string? content, string expected)
    {
        var path = Path.Combine(_folder, name);
        if (content is not null) await File.WriteAllTextAsync(path, content);
        var fault = await Assert.ThrowsAsync<CameraException>(() => FfmpegCamera.File(path).RunAsync(new CollectingSink(), default));
        Assert.Equal(expected, fault.Message);
    }

    [Fact]
    public async Task Ffprobe_is_the_one_that_lies_beside_ffmpeg()
    {
        var path = await MakeAsync("film.mp4", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=1");
        foreach (var name in (string[])["ffmpeg", "ffprobe"])
        {
            var program = Path.Combine(_folder, name);
            await File.WriteAllTextAsync(program, $"#!/bin/sh\necho {name} >> '{_folder}/used'\nexec {name} \"$@\"\n");
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        await PlayAsync(path, s => s.Rtp.Count > 5, Path.Combine(_folder, "ffmpeg"));
        Assert.Equal(["ffmpeg", "ffprobe"], (await File.ReadAllLinesAsync(Path.Combine(_folder, "used"))).Distinct().Order(StringComparer.Ordinal));
    }

    private async Task<string> MakeAsync(string name, params string[] arguments)
    {
        var path = Path.Combine(_folder, name);
        using var process = System.Diagnostics.Process.Start("ffmpeg", ["-v", "error", "-nostdin", .. arguments, path]);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return path;
    }

    private static async Task<CollectingSink> PlayAsync(string path, Func<CollectingSink, bool> until, string program = "ffmpeg")
    {
        using var end = new CancellationTokenSource();
        var sink = new CollectingSink();
        var playing = FfmpegCamera.File(path, program).RunAsync(sink, end.Token);
        await Until.TrueAsync(() => playing.IsCompleted || until(sink), "the file is played");
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => playing);
        return sink;
    }
}
