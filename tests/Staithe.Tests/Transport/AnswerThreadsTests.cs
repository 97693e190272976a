using Staithe.Transport;

namespace Staithe.Tests.Transport;

public sealed class AnswerThreadsTests
{
    const int Many = 64;
    const int Turns = 2_000;

    // A wake-up that is lost leaves somebody waiting for ever.
    [Fact]
    public async Task Whoever_enters_gets_a_turn_whether_the_threads_are_busy_or_asleep()
    {
        async Task<int> EnterOftenAsync()
        {
            var turns = 0;
            for (var i = 0; i < Turns; i++)
            {
                await AnswerThreads.EnterAsync();
                if (AnswerThreads.IsCurrent)
                    turns++;
                if (i % 7 == 0)
                    await WorkerThread.SwitchAsync();
            }
            return turns;
        }

        var alone = await EnterOftenAsync().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        var together = await Task.WhenAll(Enumerable.Range(0, Many).Select(_ => Task.Run(EnterOftenAsync))).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

        Assert.Equal(Turns, alone);
        Assert.All(together, turns => Assert.Equal(Turns, turns));
    }

    [Fact]
    public async Task Who_leaves_is_on_a_thread_that_may_wait()
    {
        await AnswerThreads.EnterAsync();
        await WorkerThread.SwitchAsync();

        Assert.False(AnswerThreads.IsCurrent);
        Assert.True(Thread.CurrentThread.IsThreadPoolThread);
    }
}
