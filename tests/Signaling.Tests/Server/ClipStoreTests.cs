using MediaRelay.Signaling.IO.Gateways;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>What is kept of a gateway's clips, how long, and what gives way when there is no room.</summary>
public sealed class ClipStoreTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 29, 8, 0, 0, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("clips").FullName;
    private readonly ClipStore _clips;

    public ClipStoreTests() => _clips = Store();

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public async Task An_alarm_s_clip_takes_the_place_of_the_oldest_clips_without_one()
    {
        await PutAsync("old", 300, age: 3);
        await PutAsync("alarm", 300, age: 4, isAlarm: true);
        await PutAsync("new", 300, age: 1);
        Assert.Equal(ClipResult.QuotaReached, (await PutAsync("more", 200)).Result);
        Assert.Equal(ClipResult.Complete, (await PutAsync("fire", 350, isAlarm: true)).Result);
        Assert.Equal([false, true, true, true], Present("old", "alarm", "new", "fire"));
    }

    [Fact]
    public async Task Nothing_gives_way_to_a_clip_that_would_not_fit_all_the_same()
    {
        await PutAsync("alarm", 600, isAlarm: true);
        await PutAsync("other", 300);
        Assert.Equal(ClipResult.QuotaReached, (await PutAsync("fire", 500, isAlarm: true)).Result);
        Assert.Equal([true, true, false], Present("alarm", "other", "fire"));
    }

    [Fact]
    public async Task A_clip_that_has_no_room_is_refused_with_its_first_part()
    {
        await PutAsync("other", 800);
        ClipOutcome outcome = await _clips.WriteAsync("gw", "long", 0, 100, 300, false, new MemoryStream(new byte[100]), CancellationToken.None);
        Assert.Equal((ClipResult.QuotaReached, 0L), (outcome.Result, outcome.Present));
        Assert.Equal(ClipResult.Incomplete, (await _clips.WriteAsync("gw", "short", 0, 100, 200, false, new MemoryStream(new byte[100]), CancellationToken.None)).Result);
        Assert.Equal(ClipResult.Complete, (await _clips.WriteAsync("gw", "short", 100, 100, 200, false, new MemoryStream(new byte[100]), CancellationToken.None)).Result);
    }

    [Fact]
    public async Task Clips_are_swept_by_their_class_and_stills_and_unfinished_uploads_by_their_use()
    {
        await PutAsync("day", 10, age: 2);
        await PutAsync("alarm", 10, age: 2, isAlarm: true);
        await PutAsync("ancient", 10, age: 12, isAlarm: true);
        await PutAsync("today", 10);
        await PutAsync("still-1", 10, age: 0.01);
        await PutAsync("still-2", 10);
        await _clips.WriteAsync("gw", "begun", 0, 100, 200, false, new MemoryStream(new byte[100]), CancellationToken.None);
        Age("part_begun", 2);
        Assert.Equal(3, _clips.Sweep(Now, keepAlarms: TimeSpan.FromDays(10), keepOthers: TimeSpan.FromDays(1)));
        Assert.Equal([false, true, false, true, false, true], Present("day", "alarm", "ancient", "today", "still-1", "still-2"));
        Assert.Equal((0L, false), _clips.Status("gw", "begun"));
        Assert.Equal(ClipResult.Complete, (await PutAsync("big", 980)).Result);
    }

    [Fact]
    public async Task Removing_gives_the_room_back_also_after_a_restart()
    {
        await PutAsync("a", 900, isAlarm: true);
        ClipStore again = Store();
        Assert.Equal(ClipResult.QuotaReached, (await again.WriteAsync("gw", "b", 0, 200, 200, false, new MemoryStream(new byte[200]), CancellationToken.None)).Result);
        Assert.True(again.IsAlarm("gw", "a"));
        Assert.True(again.Remove("gw", "a"));
        Assert.False(again.Remove("gw", "a"));
        Assert.Null(again.Open("gw", "a"));
        Assert.Equal(ClipResult.Complete, (await again.WriteAsync("gw", "b", 0, 200, 200, false, new MemoryStream(new byte[200]), CancellationToken.None)).Result);
        Assert.Equal(["clip_b"], Directory.GetFiles(Path.Combine(_folder, "gw_gw")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Stills_pass_a_full_store_and_are_bounded_by_themselves()
    {
        await PutAsync("other", 1000);
        for (int i = 0; i < 4; i++)
            Assert.Equal(ClipResult.Complete, (await PutAsync($"still-{i}", (int)ClipStore.MaxStill)).Result);
        Assert.Equal(ClipResult.QuotaReached, (await PutAsync("still-5", 1)).Result);
        Assert.Equal(ClipResult.TooLarge, (await PutAsync("still-6", (int)ClipStore.MaxStill + 1)).Result);
    }

    [Fact]
    public async Task A_clip_whose_name_looks_like_a_part_is_not_taken_for_one()
    {
        await _clips.WriteAsync("gw", "a", 0, 1, 2, false, new MemoryStream([7]), CancellationToken.None);
        Assert.Equal(ClipResult.Complete, (await PutAsync("a.part", 5)).Result);
        Assert.Equal((1L, false), _clips.Status("gw", "a"));
    }

    private ClipStore Store() => new(_folder, maxClip: 100_000_000, quota: 1000);

    private bool[] Present(params string[] clips) => [.. clips.Select(clip => _clips.Status("gw", clip).IsComplete)];

    private async Task<ClipOutcome> PutAsync(string clip, int length, double age = 0, bool isAlarm = false)
    {
        ClipOutcome outcome = await _clips.WriteAsync("gw", clip, 0, length, length, isAlarm, new MemoryStream(new byte[length]), CancellationToken.None);
        if (outcome.Result == ClipResult.Complete)
            Age("clip_" + clip, age);
        return outcome;
    }

    private void Age(string file, double days) => File.SetLastWriteTimeUtc(Path.Combine(_folder, "gw_gw", file), (Now - TimeSpan.FromDays(days)).UtcDateTime);
}
