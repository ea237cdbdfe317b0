using System.Text;
using MediaRelay.Signaling.IO.Authority;

namespace MediaRelay.Signaling.Tests.Server;

public sealed class SecretBoxTests
{
    [Fact]
    public async Task Secrets_are_opened_and_sealed_right_by_many_threads_at_once()
    {
        string folder = Directory.CreateTempSubdirectory("secret-box").FullName;
        try
        {
            using SecretBox box = SecretBox.Open(Path.Combine(folder, "secrets.key"));
            byte[][] labels = [.. Enumerable.Range(0, 8).Select(n => Encoding.ASCII.GetBytes("label " + n))];
            int[] wrong = await Task.WhenAll(labels.Select(label => Task.Factory.StartNew(
                () =>
                {
                    byte[] sealedBox = box.Seal(label, label);
                    int bad = 0;
                    for (int i = 0; i < 20_000; i++)
                    {
                        byte[]? secret = box.Unseal(sealedBox, label);
                        if (secret is null || !secret.AsSpan().SequenceEqual(label))
                            bad++;
                        if (i % 16 == 0)
                            sealedBox = box.Seal(label, label);
                    }

                    return bad;
                }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            Assert.All(wrong, count => Assert.Equal(0, count));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }
}
