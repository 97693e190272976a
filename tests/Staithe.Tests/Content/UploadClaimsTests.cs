using Staithe.Content;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Content;

/// <summary>One request at a time writes to an upload: who is refused, who waits, and who has to give way.</summary>
public sealed class UploadClaimsTests
{
    readonly Clock clock = new();
    readonly UploadClaims claims;
    readonly UploadId id = UploadId.Create();

    public UploadClaimsTests() => claims = new UploadClaims(clock);

    [Fact]
    public async Task Beside_one_that_is_receiving_nobody_writes()
    {
        using (var first = await TakeAsync())
        {
            clock.Now += TimeSpan.FromSeconds(1.9);
            first.Progress();
            clock.Now += TimeSpan.FromSeconds(1.9);
            Assert.Equal(OciError.RangeInvalid, (await Assert.ThrowsAsync<OciException>(TakeAsync)).Error);
            Assert.False(first.Token.IsCancellationRequested);
        }
        using var next = await TakeAsync();
        Assert.Equal([id.Value], claims.List());
    }

    [Fact]
    public async Task What_came_in_whole_is_kept_before_the_next_one_writes()
    {
        var first = await TakeAsync();
        first.NothingMoreComes();
        var second = TakeAsync();
        var third = TakeAsync();
        Assert.False(second.IsCompleted || third.IsCompleted || first.Token.IsCancellationRequested);

        first.Dispose();
        var taken = await Task.WhenAny(second, third);
        using var writes = await taken;
        await Assert.ThrowsAsync<OciException>(() => taken == second ? third : second);
    }

    [Theory, InlineData(false, 2), InlineData(true, 0)]
    public async Task One_that_no_longer_receives_gives_way_and_so_does_anyone_when_the_upload_is_to_end(bool force, int idleSeconds)
    {
        var first = await TakeAsync();
        clock.Now += TimeSpan.FromSeconds(idleSeconds);
        var second = claims.TakeAsync(id, force, TestContext.Current.CancellationToken);
        Assert.True(first.Token.IsCancellationRequested);
        Assert.False(second.IsCompleted);
        first.Dispose();
        using var taken = await second;
        Assert.False(taken.Token.IsCancellationRequested);
    }

    [Fact]
    public async Task One_that_gives_up_waiting_leaves_the_upload_to_the_others()
    {
        using var first = await TakeAsync();
        first.NothingMoreComes();
        using var patience = new CancellationTokenSource();
        var second = claims.TakeAsync(id, false, patience.Token);
        await patience.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => second);
        first.Dispose();
        Assert.Empty(claims.List());
        using var third = await TakeAsync();
    }

    Task<UploadClaims.Claim> TakeAsync() => claims.TakeAsync(id, force: false, TestContext.Current.CancellationToken);
}
