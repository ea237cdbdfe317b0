using MediaRelay.Qos.IO.Links;
using MediaRelay.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.IO.Tests.Qos;

/// <summary>A mailbox that is full when a deadline comes: the next deadline is met all the same.</summary>
public sealed class FullMailboxTests
{
    [Fact]
    public async Task A_deadline_that_finds_the_mailbox_full_does_not_end_all_later_ones()
    {
        var time = new ManualTime();
        await using var loop = new CountingLoop(time);
        await loop.SetAsync(TimeSpan.FromSeconds(1));
        await loop.FillAsync(() => time.Advance(TimeSpan.FromSeconds(2)));
        Assert.Equal(1, await loop.RungAsync());
        for (int expected = 2; expected < 5; expected++)
        {
            time.Advance(TimeSpan.FromSeconds(11));
            await loop.Rung(expected).WaitAsync(TimeSpan.FromSeconds(10));
        }
    }

    /// <summary>An engine with a deadline every ten seconds after the first.</summary>
    private sealed class CountingLoop : EngineLoop
    {
        private const int MailboxSize = 4096;
        private readonly TaskCompletionSource[] _rings = [.. Enumerable.Range(0, 16).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
        private TimeSpan? _deadline;
        private int _rung;

        public CountingLoop(TimeProvider clock)
            : base(clock, NullLogger.Instance, security: null) => Run();

        protected override TimeSpan? NextDeadline => _deadline;

        public Task Rung(int times) => _rings[times].Task;

        public Task<int> RungAsync() => AskAsync(() => _rung);

        public Task<bool> SetAsync(TimeSpan deadline) => AskAsync(() => { _deadline = deadline; return true; });

        /// <summary>Holds the owner, fills the mailbox to the brim and lets something happen before the owner goes on.</summary>
        public async Task FillAsync(Action meanwhile)
        {
            var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var release = new ManualResetEventSlim();
            await PostAsync(() => { held.SetResult(); release.Wait(TimeSpan.FromSeconds(20)); });
            await held.Task;
            for (int i = 0; i < MailboxSize; i++) await PostAsync(() => { });
            Assert.Equal(MailboxSize, Waiting);
            meanwhile();
            release.Set();
            await AskAsync(() => true);
        }

        protected override void OnDeadline(TimeSpan now)
        {
            _deadline = now + TimeSpan.FromSeconds(10);
            _rings[++_rung].SetResult();
        }

        protected override ReadOnlySpan<byte> PendingOutput(int link) => default;

        protected override void ConsumeOutput(int link, int count) => throw new NotSupportedException();

        protected override void OnReceived(int link, ReadOnlySpan<byte> bytes, TimeSpan now) => throw new NotSupportedException();

        protected override void OnAccepted(int link, string peer, TimeSpan now) => throw new NotSupportedException();

        protected override void OnConnected(int link, TimeSpan now) => throw new NotSupportedException();

        protected override void OnConnectFailed(int link, TimeSpan now) => throw new NotSupportedException();

        protected override void OnClosed(int link, TimeSpan now) => throw new NotSupportedException();

        protected override void OnWritable(int link, TimeSpan now) => throw new NotSupportedException();

        protected override ValueTask CarryOutAsync() => default;

        protected override ValueTask RenewAsync() => default;

        protected override void OnStopping()
        {
        }
    }
}
